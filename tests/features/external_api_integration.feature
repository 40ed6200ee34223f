Feature: FMP as an outside source
  Records come valid or not at all; a key that does not work ends the ingestion once and clearly.

  Scenario: Fifty symbols arrive valid within ten seconds
    Given a stand-in for FMP with 60 securities
    When the profiles of 50 symbols are collected one by one
    Then 50 profiles are stored
    And every one of them is a valid equity profile
    And collecting them took less than 10 seconds

  Scenario: Invalid credentials end the ingestion cleanly with one error
    Given a stand-in for FMP with 60 securities
    When a daily run uses a key that FMP does not know
    Then the run ends failed with exactly one error
    And the error names FMP_API_KEY and not the key
    And nothing is stored

  Scenario: Throttling near the limit
    Given a stand-in for FMP with 60 securities
    And FMP answers "Limit Reach" to the first 3 quote calls
    When quotes are collected
    Then the run ends completed
    And the ledger knows that calls were throttled and repeated
