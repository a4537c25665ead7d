"""Amazon's services for tests: RDS as its documentation says, all else by moto, behind one strict front."""
