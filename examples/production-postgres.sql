-- The production cluster of the demo, as its master user makes it.
SET ROLE admin;
CREATE TABLE books (id serial PRIMARY KEY, title text NOT NULL, author text NOT NULL, price numeric(8,2) NOT NULL);
CREATE TABLE logs (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), message text NOT NULL);
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, address text NOT NULL);
COPY books (title, author, price) FROM stdin;
The Lighthouse Keeper	M. Aldous	12.90
Salt and Iron	P. Venter	9.50
\.
INSERT INTO customers (name, email, address) VALUES
  ('Customer One', 'one@customers.example', '1 Harbour Street, Northport'),
  ('Customer Two', 'two@customers.example', '22 Mill Lane, Easton'),
  ('Customer Three', 'three@customers.example', '333 Station Road, Westhaven');
