Feature: The database is ready, and stays usable
  An engineer points the product at an empty database. It makes all that it needs, and outlives lost connections.

  Scenario: A pool is made with its parameters
    Given an address of a database
    When a pool of 2 to 4 connections named "sra:feature" is opened
    Then it holds 2 connections and never more than 4
    And the server knows them as "sra:feature", in UTC

  Scenario: A fresh database gets all tables and indexes
    Given an empty database
    When it is migrated
    Then it holds the tables the owner named
      | table                   |
      | equity_profile          |
      | fundata_data            |
      | fundata_quotes          |
      | task_execution_log      |
      | file_processing_tracker |
    And "fundata_quotes" has a partition for every year from 1980 to 2040 and one for all other dates
    And every large table's unique key begins with its identifier or symbol
    And migrating it again changes nothing

  Scenario: Lost connections recover and the work continues without loss
    Given a migrated database
    And a run that commits 6 chunks
    When the server ends all its connections after the third chunk
    Then the run ends completed
    And each of the 6 chunks is stored exactly once
