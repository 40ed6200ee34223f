Feature: Fundata's records are kept as delivered and typed for use
  A licensee's seed files fill two tables. Every record keeps the delivered values and gains typed columns.

  Scenario: Seeding flattens the columns of every dataset and marks the rows as CSV
    Given a seed tree with these records
      | dataset        | record | InstrumentKey | values                                                        |
      | FundGeneral    | 501    | 412003        | LegalName=Fonds Équilibré; Currency=CAD; ManagementFee=1.8375 |
      | FundTopHolding | 901    | 412003        | Security=Royal Bank; MarketPercent=7.125                      |
      | FundTopHolding | 902    | 412003        | Security=Enbridge; MarketPercent=6.5                          |
    When the tree is loaded
    Then "fundata_data" holds 3 rows, each version 1 from CSV
    And the row of record 501 has legal_name "Fonds Équilibré", currency "CAD" and management_fee 1.84
    And the row of record 902 has security "Enbridge" and no legal_name
    And the row of record 501 still gives ManagementFee as "1.8375"
    And every row names its file, its line and its run

  Scenario: A list becomes one row per element
    Given a database into which these updates of FundTopHolding come
      """
      [{"identifier": "412003", "Date": "2025-08-31", "api_version": "2.1",
        "sectors": ["Banks", "Energy"], "ratings": ["A", {"agency": "X", "grade": "AA"}], "notes": []}]
      """
    Then "fundata_data" holds these rows of instrument 412003
      | row | field   | index | value                       |
      | 0   | ratings | 0     | A                           |
      | 1   | ratings | 1     | {"agency":"X","grade":"AA"} |
      | 2   | sectors | 0     | Banks                       |
      | 3   | sectors | 1     | Energy                      |
    And each of them holds the whole record

  Scenario: Every number of both tables is a DECIMAL(12,2)
    Given a migrated database
    Then every numeric column of "fundata_data" and "fundata_quotes" is a DECIMAL(12,2)

  Scenario Outline: A number is rounded half up, away from zero
    Given a seed tree in which an instrument's NAVPSPennyChange is "<delivered>"
    When the tree is loaded
    Then its navps_penny_change is <stored>
    And the load warns of <warning>

    Examples:
      | delivered     | stored       | warning          |
      | 123.456789    | 123.46       | nothing          |
      | 15.7          | 15.70        | nothing          |
      | 0.045         | 0.05         | nothing          |
      | -0.045        | -0.05        | nothing          |
      | $1,234.50     | 1234.50      | nothing          |
      | 84450.0       | 84450.00     | nothing          |
      | 0             | 0.00         | nothing          |
      | N/A           | NULL         | nothing          |
      | 9999999999.99 | 9999999999.99 | nothing         |
      | 9999999999.995 | NULL        | numeric_overflow |
      | (12.00)       | NULL         | bad_number       |

  Scenario Outline: An instrument has one key, however a file spells it
    Given a seed tree in which an instrument's key is "<delivered>"
    When the tree is loaded
    Then the quote belongs to 412003 and its record keeps "<delivered>"
    And the load warns of <warning>

    Examples:
      | delivered                | warning        |
      | 412003                   | nothing        |
      | 412003.0                 | normalised_key |
      | {no-break space}412003   | nothing        |
      | 412003{zero-width space} | nothing        |
      | {byte order mark}412003  | nothing        |

  Scenario: One identifier space covers both tables
    Given a seed tree with these records
      | dataset        | record | InstrumentKey | values                        |
      | FundGeneral    | 501    | 412003        | LegalName=Alpha; Currency=CAD |
      | FundGeneral    | 502    | 412004        | LegalName=Beta; Currency=CAD  |
      | FundDailyNAVPS | 1      | 412003        | Date=2025-01-02; NAVPS=10.5   |
      | FundDailyNAVPS | 2      | 412003        | Date=2025-01-03; NAVPS=10.6   |
    When the tree is loaded
    Then joining the two tables by identifier gives
      | legal_name | date       | navps |
      | Alpha      | 2025-01-02 | 10.50 |
      | Alpha      | 2025-01-03 | 10.60 |

  Scenario: An update is a new version next to the old one
    Given a seed tree with these records
      | dataset        | record | InstrumentKey | values                                             |
      | FundDailyNAVPS | 1      | 412003        | Date=2025-01-02; NAVPS=10.5; ChangeDate=2025-01-02 |
    When the tree is loaded
    And the update API delivers a NAVPS of 10.7512 for 412003 on 2025-01-02
    Then the day has these versions
      | version | source | navps |
      | 1       | CSV    | 10.50 |
      | 2       | API    | 10.75 |
    And the database refuses to change or delete any of them
