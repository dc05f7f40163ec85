"""People: who signs in, under which name each sector knows them, who acts for whom.

subjects     pairwise IDs: the same person under another name in every sector; nobody else joins two of them
sessions     coming in: where a session begins or is raised, always under a new secret
passkeys     WebAuthn: options for a browser, and what its answer proves
mail_links   the lowest level: a link that works once
upstream     an OpenID Provider above us (the profile of デジタル認証アプリ); fake_upstream is its stand-in
ways         a person's ways to sign in together: what is asked before one is added or removed
recovery     a code from a counter, after papers were checked
mandates     who may act for whom, in which matter, until when
telling      what happens to an account is a line in the log
store/       the tables of people, one module per idea
"""
