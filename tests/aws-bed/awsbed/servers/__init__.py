"""What is behind the endpoints: nothing, or real MariaDB and PostgreSQL servers."""
