-- The journal of release 0.1.0, as it wrote it (iterdump); {folder} stands for the folder of the images.
-- Two done, one failed, cancelled and refused each; three left open by a killed kernel.
BEGIN TRANSACTION;
CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        edition TEXT NOT NULL DEFAULT '',
        base_url TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        action TEXT NOT NULL DEFAULT '',
        prompt TEXT NOT NULL DEFAULT '',
        resolution TEXT NOT NULL DEFAULT '',
        quality TEXT NOT NULL DEFAULT '',
        n INTEGER NOT NULL DEFAULT 1,
        parameters TEXT NOT NULL DEFAULT '{}',
        body TEXT NOT NULL DEFAULT '{}',
        fingerprint TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        task_id TEXT,
        estimate_usd REAL,
        held_quota INTEGER,
        cost_quota INTEGER,
        refunded_quota INTEGER,
        links TEXT NOT NULL DEFAULT '[]',
        files TEXT NOT NULL DEFAULT '[]',
        submitted REAL,
        duration REAL,
        finished REAL,
        error TEXT,
        save_dir TEXT,
        notebook TEXT,
        pid INTEGER
    );
INSERT INTO "jobs" VALUES('2ebf1c57-2390-42d7-bb17-8d0831634c47',1.79598297114249157904e+09,1.79598297810483479501e+09,'2026-04','https://api.example.com/v1','gpt-image-2','generate','a cat','1k','auto',2,'{"aspect_ratio": "1:1", "resolution": "1k", "n": 2}','{"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k", "n": 2}','8afaec492fb9fa7e48975ce8d7c3f79ac0b1d29b97456ad09816c80ca4a2eb58','done','task-1',0.01275,6375,6375,NULL,'[{"urls": ["https://cdn.example.com/task-1/0.png"], "expires_at": 1796069372.0}, {"urls": ["https://cdn.example.com/task-1/1.png"], "expires_at": 1796069372.0}]','[{"path": "{folder}/2026-11-29-a-cat-2ebf1c57-1.png", "index": 1, "url": "https://cdn.example.com/task-1/0.png", "expires_at": 1796069372.0, "width": 1024, "height": 1024, "format": "png", "cost_usd": 0.006375, "created": 1795982971.1424916, "digest": "4c1ea99c61beadb7deb8f2c18506c67b0085626f950843a411635b66ab3f2e04"}, {"path": "{folder}/2026-11-29-a-cat-2ebf1c57-2.png", "index": 2, "url": "https://cdn.example.com/task-1/1.png", "expires_at": 1796069372.0, "width": 1024, "height": 1024, "format": "png", "cost_usd": 0.006375, "created": 1795982971.1424916, "digest": "1507c26ff937195a59093c1ef7a1c7ea3d19b30cbe0c48c03bb8a19bba09a3cb"}]',1.7959829712247719765e+09,1.0,1.79598297554606366153e+09,NULL,'{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('45efd20f-a010-4810-afd9-7d5b101eba94',1.79598297811859297754e+09,1795982983.56482,'2026-04','https://api.example.com/v1','z-image-turbo','generate','a lighthouse in the fog','1K','',1,'{"aspect_ratio": "16:9"}','{"model": "z-image-turbo", "prompt": "a lighthouse in the fog", "aspect_ratio": "16:9"}','396859ea9a406513d6dbfc4a1bcdb149463a1072931af5e0ba981b064648819c','done','task-2',0.010625,5312,5312,NULL,'[{"urls": ["https://cdn.example.com/task-2/0.png"], "expires_at": 1796069378.0}]','[{"path": "{folder}/2026-11-29-a-lighthouse-in-the-fog-45efd20f-1.png", "index": 1, "url": "https://cdn.example.com/task-2/0.png", "expires_at": 1796069378.0, "width": 1024, "height": 576, "format": "png", "cost_usd": 0.010624, "created": 1795982978.118593, "digest": "7fe2c2efb954ba59acc93244264ffc1de136edd1f5e9c19e42bb07763a9e63b1"}]',1.79598297813274574274e+09,1.63183840049896389245e-02,1795982982.39371,NULL,'{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('0e7e715c-df44-4cda-afc4-55d6db054cc9',1.79598298357443356514e+09,1.79598298489099454881e+09,'2026-04','https://api.example.com/v1','gpt-image-2','generate','a dog','','auto',1,'{}','{"model": "gpt-image-2", "prompt": "a dog"}','107b4c941fa8ec3a09a7b4a1e1fd15b6018fa926ce019e386630cd136b9c5f18','failed','task-3',0.006375,3188,0,NULL,'[]','[]',1.79598298358112883565e+09,NULL,1.79598298489052724839e+09,'{"code": "upstream_unavailable", "text": "the provider is down: the demo was told to fail. Nothing was charged. Run the cell again in a minute."}','{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('b1b4f0d9-c3a9-4e8b-9ab2-3bc539e3ece3',1.79598298489711403853e+09,1.79598298571686673164e+09,'2026-04','https://api.example.com/v1','gpt-image-2','generate','a whale','','auto',1,'{}','{"model": "gpt-image-2", "prompt": "a whale"}','ec9a495a4dc64d0cf266b532d44e760ea1698df4d74ef6506075e3764c642fd4','cancelled','task-4',0.006375,3188,0,3188,'[]','[]',1.79598298489999437339e+09,NULL,1.79598298571684694292e+09,NULL,'{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('ce7031f2-bb00-4007-afd4-f3b84b04fb1a',1.79598298677314710614e+09,1.79598298678596281999e+09,'2026-04','https://api.example.com/v1','gpt-image-2','generate','x','','auto',1,'{"aspect_ratio": "7:5"}','{"model": "gpt-image-2", "prompt": "x", "aspect_ratio": "7:5"}','6a023fdf06d3ffb03349249836f9aad37c492e58cf8179d20e06b592339944c1','refused',NULL,0.006375,NULL,NULL,NULL,'[]','[]',NULL,NULL,1.79598298678594756128e+09,'{"code": "capability", "text": "the server refuses aspect_ratio for this model: \u201caspect_ratio can be auto, 1:1, 3:2, 2:3, 4:3, 3:4, 5:4, 4:5, 16:9, 9:16, 2:1, 1:2, 21:9 or 9:21; you asked for 7:5. Nearest: 4:3.\u201d. Nothing was charged; %qwave model tells what it takes."}','{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('2fe44c4c-4dea-47c4-8b1e-6038ac88eded',1.79598298679317379001e+09,1.79598298731551313397e+09,'2026-04','https://api.example.com/v1','z-image-turbo','generate','an owl on a branch','1K','',1,'{"seed": 7}','{"model": "z-image-turbo", "prompt": "an owl on a branch", "seed": 7}','495fbdb8e35608c1b1ec83bfa9371662a5237cfbb3a14ef5500ac05b9d490422','completed','task-5',0.010625,5312,5312,NULL,'[{"urls": ["https://cdn.example.com/task-5/0.png"], "expires_at": 1796069387.0}]','[]',1.79598298679670286175e+09,1.08759870054200291633e-02,1.79598298731549072264e+09,NULL,'{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('ecc282a4-25bb-42f4-85ec-fe44c1c8497c',1.79598298929481172562e+09,1.79598298930951833724e+09,'2026-04','https://api.example.com/v1','gpt-image-2','generate','a harbour at dawn','1k','auto',1,'{"resolution": "1k"}','{"model": "gpt-image-2", "prompt": "a harbour at dawn", "resolution": "1k"}','770e4a33be42cfd07be62b4aa8f29c6d880718b38b75725022c06be951f1b0bd','running','task-6',0.006375,3188,NULL,NULL,'[]','[]',1.79598298929604721068e+09,NULL,NULL,NULL,'{folder}',NULL,15391);
INSERT INTO "jobs" VALUES('29bfe63e-72d9-4905-bfb2-e8c0cd723008',1.79598299029654073712e+09,1.79598299029665350911e+09,'2026-04','https://api.example.com/v1','z-image-turbo','generate','a bridge in snow','1K','',1,'{"seed": 3}','{"model": "z-image-turbo", "prompt": "a bridge in snow", "seed": 3}','f7a79dc5d4b3b54107ef08b14abaeacf9d2d0c5bc7480ea2efd8d755976c0ad8','submitting',NULL,0.010625,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,'{folder}',NULL,15391);
CREATE INDEX jobs_open ON jobs (created) WHERE state IN ('submitting', 'running', 'completed');
CREATE INDEX jobs_done ON jobs (created) WHERE state = 'done';
CREATE INDEX jobs_same ON jobs (fingerprint, created) WHERE state = 'done';
CREATE INDEX jobs_pace ON jobs (model, resolution, finished) WHERE duration IS NOT NULL;
CREATE INDEX jobs_task ON jobs (task_id);
CREATE INDEX jobs_cost ON jobs
        (created, model, notebook, estimate_usd, held_quota, cost_quota, refunded_quota, state);
PRAGMA user_version = 1;
COMMIT;
