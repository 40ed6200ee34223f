Feature: FMP's calls per minute are never exceeded
  The account allows a number of calls in any 60 seconds. Whoever calls waits for a turn; nobody is turned away.

  Scenario: Many concurrent callers stay below 3,000 calls a minute and the excess is queued
    Given the vendor's door counts what arrives and refuses more than 3000 calls in 60 seconds
    When 200 callers ask 2 times each at the same moment
    Then all 400 calls are answered
    And the vendor refused none
    And no second saw more calls than the pace of 3000 a minute allows
    And never more than 48 calls were on their way

  Scenario: Two programs share one rate
    Given the vendor's door counts what arrives and refuses more than 300 calls in 60 seconds
    When two programs call for 4 seconds
    Then the vendor refused none
    And together they made no more calls than the pace of 300 a minute allows
