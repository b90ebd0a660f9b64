BEGIN TRANSACTION;
CREATE TABLE user (
	id CHAR(36) NOT NULL, 
	email VARCHAR(320) NOT NULL, 
	hashed_password VARCHAR(1024) NOT NULL, 
	is_active BOOLEAN NOT NULL, 
	is_superuser BOOLEAN NOT NULL, 
	is_verified BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "user" VALUES('141678b4-0bb2-474b-add5-fc89b76804dc','Mira@mail.example','$argon2id$v=19$m=65536,t=3,p=4$1pMjen4TJkX7tVFF4YiAZw$T07g8/vc2tWqzfe/4EVuQ6m198/0Luwj/MLeV/13r/s',1,0,1);
INSERT INTO "user" VALUES('a6b91016-3a86-4136-ad9f-de737e1316d9','ada@mail.example','$argon2id$v=19$m=65536,t=3,p=4$MusQTqXa2Tb1Oo4y/djewg$5a/h8jBwuiDdpY9t0+qFMe7g9Oad6omsMYzqsXivKYg',0,0,0);
INSERT INTO "user" VALUES('72464574-b53d-49fb-bfd6-33eff880b825','kim@mail.example','$argon2id$v=19$m=65536,t=3,p=4$bX31ZKeueVY+S6+jJzy2gQ$JiP+7RYRhlkMp0UgulnDk/UG+fASJRR/LLH8WWUV6Sk',1,0,0);
CREATE UNIQUE INDEX ix_user_email ON user (email);
COMMIT;
