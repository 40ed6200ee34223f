Feature: The ingest services process what they are given, within limits, and say what they did
  Collections stay below the vendor's ceiling, damaged records are set apart, and failures are tried again.

  Scenario: A hundred symbols are processed within two minutes, with their metrics
    Given a vendor with 100 securities
    When the quotes of its 100 symbols are collected
    Then 100 quotes are stored within two minutes
    And the ledger shows how many records a minute and how many calls that were
    And the log shows what was read and stored

  @faults
  Scenario: Five hundred symbols all arrive under a ceiling of 300 calls a minute
    Given a vendor with 560 securities that refuses more than 300 calls in 60 seconds
    When the profiles of 500 symbols are collected one by one at that rate of 300
    Then all 500 profiles are stored
    And the vendor saw more than 500 calls, never more than 300 in those seconds, and refused none

  Scenario: Five hundred symbols all arrive under a ceiling of 300 calls in six seconds
    Given a vendor with 560 securities that refuses more than 300 calls in 6 seconds
    When the profiles of 500 symbols are collected one by one at that rate of 300
    Then all 500 profiles are stored
    And the vendor saw more than 500 calls, never more than 300 in those seconds, and refused none

  Scenario: Three CSV files are loaded, their bad records logged and not stored
    Given three seed files of which each has bad records
      | file                          | good | bad | reason             |
      | data/FundGeneralSeed.csv      | 3    | 2   | missing_identifier |
      | data/FundTopHoldingSeed.csv   | 20   | 1   | field_count        |
      | quotes/FundDailyNAVPSSeed.csv | 12   | 3   | missing_date       |
    When the three files are loaded
    Then of each file the good records are stored
    And the bad ones are kept with line and reason, and logged
    And no record is missing from the sum

  Scenario: What fails is tried three times more with growing pauses, and the last failure is recorded
    Given a vendor with 60 securities
    And the vendor answers every call for treasury rates with an error 500
    When the treasury rates of a day are collected
    Then the call was repeated 3 times, each time after at least twice the pause before
    And the run ends failed
    And its error names the last response
