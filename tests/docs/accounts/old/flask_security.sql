BEGIN TRANSACTION;
CREATE TABLE role (
	id INTEGER NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	description VARCHAR(255), 
	permissions TEXT, 
	update_datetime DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
CREATE TABLE roles_users (
	user_id INTEGER, 
	role_id INTEGER, 
	FOREIGN KEY(user_id) REFERENCES user (id), 
	FOREIGN KEY(role_id) REFERENCES role (id)
);
CREATE TABLE user (
	fs_webauthn_user_handle VARCHAR(64), 
	mf_recovery_codes TEXT, 
	password VARCHAR(255), 
	us_phone_number VARCHAR(128), 
	username VARCHAR(255), 
	us_totp_secrets TEXT, 
	id INTEGER NOT NULL, 
	email VARCHAR(255) NOT NULL, 
	active BOOLEAN NOT NULL, 
	fs_uniquifier VARCHAR(64) NOT NULL, 
	confirmed_at DATETIME, 
	last_login_at DATETIME, 
	current_login_at DATETIME, 
	last_login_ip VARCHAR(64), 
	current_login_ip VARCHAR(64), 
	login_count INTEGER, 
	tf_primary_method VARCHAR(64), 
	tf_totp_secret VARCHAR(255), 
	tf_phone_number VARCHAR(128), 
	create_datetime DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	update_datetime DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (fs_webauthn_user_handle), 
	UNIQUE (us_phone_number), 
	UNIQUE (username), 
	UNIQUE (email), 
	UNIQUE (fs_uniquifier)
);
INSERT INTO "user" VALUES('62501bc0e99747009ba21d5f3d074680',NULL,'$argon2id$v=19$m=65536,t=3,p=4$ujcGQCiFsLZWKiUEoHQupQ$eeBS6CJFthnBVOGOgn4b2oxdUQJjouFbPLCISduBKzM',NULL,NULL,NULL,1,'mira@mail.example',1,'d1419eb3ae074a75ac29fa064f29d4e8','2024-03-01 12:00:00.000000',NULL,NULL,NULL,NULL,NULL,'authenticator','{"enckey":{"c":14,"k":"GPQRRJA5SJHUVJ7IVVRMWQZGEOM3LOFD","s":"TUJ4E6CPVH255627FOSQ","t":"1","v":1},"type":"totp","v":1}',NULL,'2024-03-01 12:00:00.000000','2024-03-01 12:00:00.000000');
INSERT INTO "user" VALUES('636a467764e14cad96a16fe3defb9c8f',NULL,'$argon2id$v=19$m=65536,t=3,p=4$ujcGQCiFsLZWKiUEoHQupQ$eeBS6CJFthnBVOGOgn4b2oxdUQJjouFbPLCISduBKzM',NULL,NULL,NULL,2,'ada@mail.example',0,'539b7474044742d8962f215fd181912a','2024-03-01 12:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2024-03-01 12:00:00.000000','2024-03-01 12:00:00.000000');
INSERT INTO "user" VALUES('81cb10a18a264c34ae7a1c1216fa142c',NULL,'$argon2id$v=19$m=65536,t=3,p=4$ujcGQCiFsLZWKiUEoHQupQ$eeBS6CJFthnBVOGOgn4b2oxdUQJjouFbPLCISduBKzM',NULL,NULL,NULL,3,'kim@mail.example',1,'91f9af7b43b54b7e8bd3911ec9d46ff4',NULL,NULL,NULL,NULL,NULL,NULL,'email','{"enckey":{"c":14,"k":"GPQRRJA5SJHUVJ7IVVRMWQZGEOM3LOFD","s":"TUJ4E6CPVH255627FOSQ","t":"1","v":1},"type":"totp","v":1}',NULL,'2024-03-01 12:00:00.000000','2024-03-01 12:00:00.000000');
CREATE TABLE web_authn (
	id INTEGER NOT NULL, 
	credential_id BLOB NOT NULL, 
	public_key BLOB NOT NULL, 
	sign_count INTEGER, 
	transports TEXT, 
	backup_state BOOLEAN NOT NULL, 
	device_type VARCHAR(64) NOT NULL, 
	extensions VARCHAR(255), 
	create_datetime DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
	lastuse_datetime DATETIME NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	usage VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ix_web_authn_credential_id ON web_authn (credential_id);
COMMIT;
