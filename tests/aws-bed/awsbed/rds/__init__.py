"""A strict model of Amazon RDS: what a refresh touches of it, as AWS's documentation says it behaves."""
