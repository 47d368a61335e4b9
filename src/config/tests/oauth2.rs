//! `oauth2` in a module and in the settings.

use super::*;
use crate::spec::{HttpClient, Prober, Secret};

fn client(prober: &Prober) -> &HttpClient {
    match prober {
        Prober::Http(it) => &it.client,
        Prober::Metrics(it) => &it.client,
        Prober::WebSocket(it) => &it.client,
        _ => panic!("{}", prober.name()),
    }
}

#[test]
fn every_client_takes_a_token_servers_grant() {
    let grant = "oauth2: { client_id: c, client_secret: s3cret, token_url: 'https://u:p@t/x#y', scopes: [a, b], \
                 endpoint_params: { resource: r3s }, proxy_url: 'http://proxy', tls_config: { server_name: t.example } }";
    let text = format!(
        "modules:
  h: {{ prober: http, http: {{ {grant} }} }}
  m: {{ prober: metrics, http: {{ {grant} }} }}
  w: {{ prober: websocket, websocket: {{ http_config: {{ {grant} }} }} }}
"
    );
    let loaded = loaded(&[("probes.d/a.yaml", &text)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    let settings = settings(
        Some(&source(
            "fingerpost.yaml",
            &format!(
                "alertmanagers: [{{ url: 'http://a', {grant} }}]\nprometheus: {{ url: 'http://p', {grant} }}"
            ),
        )),
        &Overrides::default(),
    )
    .settings
    .unwrap();
    let clients = ["h", "m", "w"].map(|it| client(&loaded.config.modules[it].prober));
    let own = [&settings.alertmanagers[0].client, &settings.prometheus.as_ref().unwrap().client];
    for client in clients.into_iter().chain(own) {
        let grant = client.oauth2.as_deref().unwrap();
        assert_eq!((&*grant.client_id, grant.token_url.as_str()), ("c", "https://t/x"));
        assert_eq!(grant.client_secret, Some(Secret::Inline("s3cret".into())));
        assert_eq!(grant.scopes, ["a", "b"]);
        assert_eq!(grant.endpoint_params, [("resource".to_owned(), Secret::Inline("r3s".into()))]);
        assert!(matches!(grant.client.proxy.way, Way::Proxy(_)) && client.auth.is_none());
        assert_eq!(grant.client.tls.server_name.as_deref(), Some("t.example"));
        let shown = format!("{grant:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("r3s"), "{shown}");
    }
}

#[test]
fn a_module_that_wants_a_signed_grant_is_left_out_alone() {
    let text = "modules:
  signed:
    prober: http
    http:
      oauth2:
        client_id: c
        token_url: https://t
        grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer
        client_certificate_key_file: /run/key
        claims: { a: b }
  plain: { prober: http }
";
    let loaded = loaded(&[("probes.d/a.yaml", text)]);
    assert!(loaded.complaints.iter().all(|it| it.level == Level::Warning), "{:?}", titles(&loaded));
    let said = &loaded.config.left_out["signed"];
    assert!(said.contains("the grant `jwt-bearer` of OAuth 2"), "{said}");
    assert_eq!(loaded.config.modules.keys().map(|it| &**it).collect::<Vec<_>>(), ["plain"]);
}
