# Old form: one statement a line, no semicolons.
# A log is of no use in development.
TRUNCATE TABLE mysqldbp.logs
