-- Ordinary client script: personal data does not leave production.
UPDATE mysqldbp.customers
   SET email   = 'masked@example.invalid',
       address = 'masked';
