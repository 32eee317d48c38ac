package options

// Options of the page and its API.
var (
	ServerListen = unset(ScopeProcess, "sluice.server.listen", texts,
		"Address at which the page, its API and the metrics are served, such as `:8090`; without a host it is the loopback. Unset: nothing is served.")
	ServerOperatorTokenFile = unset(ScopeProcess, "sluice.server.operator-token-file", texts,
		"File with the token of those who may see and act; at least 16 characters.")
	ServerViewerTokenFile = unset(ScopeProcess, "sluice.server.viewer-token-file", texts,
		"File with the token of those who may see; at least 16 characters.")
	ServerUserHeader = unset(ScopeProcess, "sluice.server.user-header", texts,
		"Request header in which a proxy in front, such as one that speaks OIDC, names the person who asks: `X-Forwarded-User`, say. It is believed from `sluice.server.trusted-proxies` alone.")
	ServerGroupsHeader = unset(ScopeProcess, "sluice.server.groups-header", texts,
		"Request header in which that proxy lists the person's groups, separated by commas.")
	ServerOperatorGroups = unset(ScopeProcess, "sluice.server.operator-groups", lists,
		"Groups whose members may act; others whom the proxy names may see. `*` lets all of them act. Unset: nobody acts by that header.")
	ServerTrustedProxies = plain(ScopeProcess, "sluice.server.trusted-proxies", lists, []string{"127.0.0.0/8", "::1/128"},
		"Addresses (CIDR) from which the headers of a proxy are believed.")
	ServerHosts = unset(ScopeProcess, "sluice.server.hosts", lists,
		"Names under which the page is reached, besides `localhost` and addresses; requests for others are refused, lest a foreign page reach it by a name of its own. `*` takes any.")
	ServerTLSCertFile = unset(ScopeProcess, "sluice.server.tls-cert-file", texts,
		"File with the certificate (PEM) of the page; with `sluice.server.tls-key-file` it is served over HTTPS. A certificate that is renewed is read without a restart.")
	ServerTLSKeyFile = unset(ScopeProcess, "sluice.server.tls-key-file", texts,
		"File with the key (PEM) to that certificate.")
	ServerInsecure = plain(ScopeProcess, "sluice.server.insecure", booleans, false,
		"Serve beyond the loopback without asking who is there: everybody who reaches the address may act.")
)
