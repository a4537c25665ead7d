\restrict k
COPY t (v) FROM stdin;
1	2
\.
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC; SELECT CASE WHEN true THEN 1 END; END;
SELECT $a$;$a$, E'\'', /* /* */ */ "q;";
\unrestrict k
