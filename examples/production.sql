-- The production database of the demo: books, their log, and customers with personal data.
CREATE TABLE books (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(200) NOT NULL, author VARCHAR(100) NOT NULL, price DECIMAL(8, 2) NOT NULL);
CREATE TABLE logs (id BIGINT AUTO_INCREMENT PRIMARY KEY, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), message VARCHAR(200) NOT NULL);
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL, email VARCHAR(100) NOT NULL, address VARCHAR(200) NOT NULL);
INSERT INTO books (title, author, price) VALUES
  ('The Lighthouse Keeper', 'M. Aldous', 12.90), ('Salt and Iron', 'P. Venter', 9.50), ('A Field Guide to Moss', 'T. Okoye', 24.00);
INSERT INTO customers (name, email, address) VALUES
  ('Customer One', 'one@customers.example', '1 Harbour Street, Northport'),
  ('Customer Two', 'two@customers.example', '22 Mill Lane, Easton'),
  ('Customer Three', 'three@customers.example', '333 Station Road, Westhaven');
