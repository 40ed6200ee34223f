Feature: Queries find their rows by an index, and aggregates are computed beforehand
  The SRA app asks by symbol, by date and by identifier. What a query reads does not follow the length of history.
  Pages of 8 KB read are counted, since they are the same on every machine; times are measured by the benchmarks.

  Scenario Outline: A query for one thing goes by an index and reads little
    Given a database with 80,000 quotes of funds and 100,000 quotes of equities
    When the newest rows are requested by <what>
    Then rows of "<table>" are found
    And the plan goes through "<index>" and reads no table from end to end
    And it reads less than <share> percent of the pages of "<table>"

    Examples:
      | what       | table          | index                  | share |
      | identifier | fundata_quotes | pk_fundata_quotes      | 5     |
      | date       | fundata_quotes | ix_fundata_quotes_date | 10    |
      | symbol     | fmp_quote      | pk_fmp_quote           | 5     |

  Scenario: The market summary reads ten times less than its raw query
    Given a database with 80,000 quotes of funds and 100,000 quotes of equities
    When a year of the market summary is requested, from the view and from the raw tables
    Then both give the same figures
    And the view reads at least 10 times fewer pages
