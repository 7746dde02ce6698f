//! The order of the house: who may use whom, how long files are, and what cards and tables agree on.
