Feature: After the seed, the update API keeps the data current
  Updates are appended. The versions of the seed stay available; the names of new CSV files are never guessed.

  Background:
    Given a vendor whose update API answers
    And a database seeded from the vendor's seed files

  Scenario: An update raises the version and leaves the CSV record as it was
    When the vendor's world moves on by a week and the update API is asked
    Then every changed quote has its next version, from the API
    And each new version names the API's version, its export and when it was stored
    And the rows of the seed are the same as before, byte by byte

  Scenario: The latest version is the default, and all are there on request
    When the vendor's world moves on by a week and the update API is asked
    And the views are built
    Then "sra.fundata_quotes" shows one version of each quote, the API's where there is one
    And "sra.fundata_quotes_history" shows every version that is stored

  Scenario: An update that was loaded is not loaded again
    When the vendor's world moves on by a week and the update API is asked
    And the same days are requested from the update API again
    Then the second run stores nothing and reports every record as unchanged

  Scenario: New CSV is not taken once updates come from the API
    When newer seed files are put in place of the old ones and the update API is asked
    Then no record of the newer files is stored

  Scenario: A CSV file that the catalogue does not name is rejected
    When a file "data/FundOpinionsSeed.csv" is loaded
    Then the file is rejected with a message that names "data/FundOpinionsSeed.csv"
    And nothing of it is stored

  Scenario: A CSV file whose columns changed is rejected with what changed
    When a seed file of NAVPS is loaded whose column "NAVPS" is called "NetValue" and that lacks "Split"
    Then the file is rejected with a message that names "NetValue", "NAVPS" and "Split"
    And nothing of it is stored

  Scenario: Updated records join by identifier
    When the vendor's world moves on by a week and the update API is asked
    And the views are built
    Then every fund of "sra.fundata_data" finds its quotes in "sra.fundata_quotes" by identifier
