"""The unified refresh: one durable run whose units are the steps FMP, Fundata data, Fundata quotes and views."""
