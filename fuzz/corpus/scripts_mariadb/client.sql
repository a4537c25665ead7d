DELIMITER //
CREATE PROCEDURE p() BEGIN SELECT 'x;'; END//
delimiter ;
/*! SET @a = 1 */; -- c
# d
INSERT INTO t VALUES ("a;\"b", `c;`);
