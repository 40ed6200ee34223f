Feature: Seed files come with the repository, through Git LFS
  A licensee keeps the seed files in Git LFS. A checkout may hold all of them, some, or only pointers.

  Background:
    Given a repository whose seed files are kept by the product's own LFS rules
      | file                            |
      | data/FundGeneralSeed.csv        |
      | data/FundTopHoldingSeed.csv     |
      | quotes/FundDailyNAVPSSeed.csv   |

  Scenario: The files are present and load without any network
    When the checkout with its files is loaded in a process that may reach nothing but the database
    Then all three files are loaded
    And the process never tried to reach anything else

  Scenario: Pointers are recognised and named, and the rest is loaded
    Given a clone in which only "data/FundTopHoldingSeed.csv" was fetched
    When the clone is loaded
    Then "data/FundTopHoldingSeed.csv" is loaded
    And a warning each names "data/FundGeneralSeed.csv" and "quotes/FundDailyNAVPSSeed.csv" as a Git LFS pointer
    And the load is partial

  Scenario: Missing files are named in a warning, and the rest is loaded
    Given a checkout in which "data/FundGeneralSeed.csv" was deleted
    When the checkout is loaded
    Then "data/FundTopHoldingSeed.csv" and "quotes/FundDailyNAVPSSeed.csv" are loaded
    And a warning names "data/FundGeneralSeed.csv" as missing
    And the load is complete

  Scenario: A fetched pointer is loaded the next time
    Given a clone in which only "data/FundTopHoldingSeed.csv" was fetched
    When the clone is loaded
    And the other files are fetched and the clone is loaded again
    Then all three files are loaded or were loaded before
