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
INSERT INTO "user" VALUES('dacea7eb-e0cf-4928-ad35-81050a736675','Mira@mail.example','$argon2id$v=19$m=65536,t=3,p=4$lVvX/AWGu8cK6/1qh3YGSg$lJlk7ub5bYhc/Z5Ijj3mg1GJy5kzevMgKjy56VUnSGY',1,0,1);
INSERT INTO "user" VALUES('11c3e218-220d-4b9d-a43e-d8e73a6d95d6','ada@mail.example','$argon2id$v=19$m=65536,t=3,p=4$gMZ69lMKSFTcQ9RPSHeRGA$zsMYkYZ8EeGwjt0fhk3OnQ4/F7zjgFO7Q9wRYYDMuw8',0,0,0);
INSERT INTO "user" VALUES('77b9a540-1de2-49b7-99c6-c21f70aef241','kim@mail.example','$argon2id$v=19$m=65536,t=3,p=4$WVvrGzpqAjWMPb+B7OdIEg$XIx4ca6MrHtFR/sdHR0I7HQGTqhUO00HFNm2O00XpWc',1,0,0);
CREATE UNIQUE INDEX ix_user_email ON user (email);
COMMIT;
