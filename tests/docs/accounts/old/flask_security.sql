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
INSERT INTO "user" VALUES('a8e1639ed6264080b3ddecf824bb4a78',NULL,'$argon2id$v=19$m=65536,t=3,p=4$WisFoFTKGSOEMIYQwjjH2A$40+4vOCcA7fnP6NQVtHYxWJm8Z6GpwFJqO0bmPauIGQ',NULL,NULL,NULL,1,'mira@mail.example',1,'5bed006b593b4d268d0fcfd180e65277','2026-03-01 12:00:00.000000',NULL,NULL,NULL,NULL,NULL,'authenticator','{"enckey":{"c":14,"k":"YHD6I5O2O5JXRLJIA23VQI4LE36U4AG3","s":"H5D4RWP337NXW3YNQHYA","t":"1","v":1},"type":"totp","v":1}',NULL,'2026-11-21 16:19:58','2026-11-21 16:19:58');
INSERT INTO "user" VALUES('74a0ede66b11446196ab8bcfb606075d',NULL,'$argon2id$v=19$m=65536,t=3,p=4$WisFoFTKGSOEMIYQwjjH2A$40+4vOCcA7fnP6NQVtHYxWJm8Z6GpwFJqO0bmPauIGQ',NULL,NULL,NULL,2,'ada@mail.example',0,'6c1e29f2d7ff4904aa036cc3964c078b','2026-03-01 12:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-21 16:19:58','2026-11-21 16:19:58');
INSERT INTO "user" VALUES('65c8aa60efcb4dc7a34d84777a5d73af',NULL,'$argon2id$v=19$m=65536,t=3,p=4$WisFoFTKGSOEMIYQwjjH2A$40+4vOCcA7fnP6NQVtHYxWJm8Z6GpwFJqO0bmPauIGQ',NULL,NULL,NULL,3,'kim@mail.example',1,'31c3fbf3a6d6414bb03772b4aadcafa2',NULL,NULL,NULL,NULL,NULL,NULL,'email','{"enckey":{"c":14,"k":"YHD6I5O2O5JXRLJIA23VQI4LE36U4AG3","s":"H5D4RWP337NXW3YNQHYA","t":"1","v":1},"type":"totp","v":1}',NULL,'2026-11-21 16:19:58','2026-11-21 16:19:58');
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
