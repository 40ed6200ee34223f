Feature: Records are checked before they are stored
  What a vendor sends becomes a typed record, or a rejected one with a reason that a person can act on.

  Scenario: A valid equity profile is accepted and typed
    Given FMP sends this profile
      """
      {"symbol": " shop ", "companyName": "Shopify Inc.", "exchange": "TSX", "sector": "Technology",
       "marketCap": 148123456789.55, "fullTimeEmployees": "8100", "currency": "CAD", "country": "CA",
       "isEtf": false, "isActivelyTrading": true, "price": 115.30, "changePercentage": -1.25, "volume": 0}
      """
    When the profile is stored
    Then "equity_profile" holds SHOP on TSX as "Shopify Inc."
    And its market cap is the number 148123456789.55, its employees the number 8100, its volume 0
    And what FMP did not send is empty, and nothing was made up

  Scenario Outline: A bad equity profile is rejected with a clear message
    Given FMP sends a profile whose "<field>" is "<value>"
    When the profile is stored
    Then it is rejected for "<reason>" with a message that says "<message>"
    And the rejection is logged
    And "equity_profile" stays empty

    Examples:
      | field       | value | reason           | message                                        |
      | symbol      |       | missing_symbol   | symbol is required                             |
      | companyName |       | missing_company_name | companyName is required                    |
      | exchange    | 7     | unknown_exchange | the exchange is not one of                     |
      | marketCap   | -1    | market_cap_range | market capitalisation is not between 0 and 1e14 |

  Scenario: A profile of an exchange that is not collected is left out, not rejected
    Given FMP sends a profile whose "exchange" is "LSE"
    When the profile is stored
    Then it counts as out of scope
    And "equity_profile" stays empty

  Scenario: A Fundata data record is validated, and nulls are accepted
    Given a Fundata data record with these values
      | column         | value      |
      | legal_name     | Alpha      |
      | management_fee | $1,234.505 |
      | inception_date | 2001-05-31 |
      | currency       | N/A        |
    When the record is validated
    Then it is accepted with these values
      | column         | value      |
      | legal_name     | Alpha      |
      | management_fee | 1234.51    |
      | inception_date | 2001-05-31 |
      | currency       |            |
      | company        |            |

  Scenario: A Fundata quotes record without a value is accepted
    Given a Fundata quotes record with these values
      | column         | value |
      | navps          |       |
      | previous_navps | NULL  |
      | current_yield  | 0     |
    When the record is validated
    Then it is accepted with these values
      | column         | value |
      | navps          |       |
      | previous_navps |       |
      | current_yield  | 0.00  |

  Scenario Outline: A Fundata quotes record that breaks a rule is refused
    Given a Fundata quotes record with these values
      | column   | value   |
      | <column> | <value> |
    When the record is validated
    Then it is refused because of "<column>" with a message that says "<message>"

    Examples:
      | column | value         | message                  |
      | navps  | -0.01         | not negative             |
      | navps  | ten           | not a readable number    |
      | navps  | 9999999999.995 | ten billion or more     |
      | date   |               | valid date               |

  Scenario: A negative NAVPS in a seed file is rejected, and the day stays without it
    Given a seed file with a NAVPS of -10.5 and one of 10.5
    When it is loaded
    Then one record is stored and one is rejected for "negative_navps"
