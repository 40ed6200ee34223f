Feature: FMP and the seed files' storage as outside sources
  Records come valid or not at all; a key that does not work ends the ingestion once and clearly; files are verified.

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

  Scenario: Seed files are listed with their metadata, read locally and verified
    Given an object storage with three seed files and their manifest
    When the seed tree is listed
    Then each file is named with its size and its SHA-256
    When the files are fetched from the storage and loaded from disk
    Then the ledger knows each file by the size and the SHA-256 of the manifest
    And a file that the storage delivers with other bytes is refused by its checksum
