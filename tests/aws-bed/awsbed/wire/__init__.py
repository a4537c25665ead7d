"""What goes over the wire: requests and answers in the protocols of AWS, as botocore's models define them."""
