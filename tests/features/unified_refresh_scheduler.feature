Feature: Unified refresh and its schedule
  The gateway refreshes FMP, Fundata and the published views once a day, and one source never takes the others down.

  Scenario: The steps run in their order at the hour set
    Given a gateway whose daily refresh is due at this hour
    When the slot has fired
    Then the steps ran in the order fmp, fundata_data, fundata_quotes, views
    And the slot belongs to exactly one refresh

  Scenario Outline: One source fails and the others are refreshed
    Given a gateway with <source> out of order
    When somebody triggers a refresh
    Then the refresh ends partial
    And the failed steps are <failed>
    And all other steps are completed

    Examples:
      | source  | failed                      |
      | FMP     | fmp                         |
      | Fundata | fundata_data,fundata_quotes |

  Scenario: Rates and duration are recorded against their targets
    Given a gateway with all sources in order
    When somebody triggers a refresh
    Then the refresh ends completed
    And its ledger compares fmp with 1000 records a minute
    And its ledger compares fundata_data with 5000 records a minute
    And its ledger compares fundata_quotes with 10000 records a minute
    And its duration is compared with two hours
