package options

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Cluster is one Flink cluster to watch:
//
//	clusters:
//	  - name: prod
//	    addresses: [https://jm-1:8081, https://jm-2:8081]
//	    tls: {caFile: ca.pem, certFile: client.pem, keyFile: client.key}
//	    auth: {username: sluice, passwordFile: /run/secrets/flink}
type Cluster struct {
	// Name is unique; host:port of the first address if it is not given.
	Name string
	// Addresses are http(s)://host:port or host:port, several for the
	// JobManagers of one cluster with high availability.
	Addresses []string
	TLS       ClusterTLS
	Auth      ClusterAuth
	// Source is where the cluster was named.
	Source Source
}

// ClusterTLS names the files of a TLS connection; empty: the system's.
type ClusterTLS struct {
	CAFile, CertFile, KeyFile string
	// ServerName is the name expected in the certificate.
	ServerName string
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool
}

// ClusterAuth says who asks and where the secret is: in a file or in an
// environment variable, never in the configuration itself.
type ClusterAuth struct {
	Username                  string
	PasswordFile, PasswordEnv string
	TokenFile, TokenEnv       string
}

// Clusters returns the clusters to watch: those of the file, and the one that
// the options fetcher.flink-cluster.host and .port name if either is set
// explicitly or the file has none.
func Clusters(cfg Config) ([]Cluster, error) {
	clusters := slices.Clone(cfg.clusters)
	source, hostSet := Explicit(cfg, FlinkClusterHost)
	portSource, portSet := Explicit(cfg, FlinkClusterPort)
	if len(clusters) > 0 && !hostSet && !portSet {
		return clusters, nil
	}
	if !hostSet {
		source = portSource
	}
	r := NewReader(cfg)
	address := net.JoinHostPort(strings.Trim(Read(r, FlinkClusterHost), "[]"), strconv.Itoa(Read(r, FlinkClusterPort)))
	if r.Err() != nil {
		return nil, r.Err()
	}
	return append(clusters, Cluster{Name: address, Addresses: []string{"http://" + address}, Source: source}), nil
}

// clusters reads the list of the file.
func (y *yamlReader) clusters(entry *ast.MappingValueNode) {
	list, ok := entry.Value.(*ast.SequenceNode)
	if !ok {
		y.fail(entry.Key, "clusters", "clusters: want a list, such as - address: http://jobmanager:8081")
		return
	}
	for _, item := range list.Values {
		fields, ok := item.(*ast.MappingNode)
		if !ok {
			y.fail(item, "clusters", "clusters: want fields, such as address: http://jobmanager:8081")
			continue
		}
		y.cluster(fields)
	}
}

func (y *yamlReader) cluster(fields *ast.MappingNode) {
	c := Cluster{Source: Source{Kind: FromFile, Name: y.file, Line: keyLine(fields)}}
	before := len(y.out.problems)
	for _, field := range fields.Values {
		y.flatten(keyOf(field), field, 1, func(key, text string, at ast.Node) {
			if err := c.set(key, text); err != nil {
				y.fail(at, "clusters", "clusters: "+err.Error())
			}
		})
	}
	if len(y.out.problems) > before {
		return
	}
	if err := c.complete(y.out.clusters); err != nil {
		y.out.fail(c.Source, "clusters", "clusters: "+err.Error())
		return
	}
	y.out.clusters = append(y.out.clusters, c)
}

// keyLine is the line of the first key; an empty mapping has its own line.
func keyLine(fields *ast.MappingNode) int {
	if len(fields.Values) == 0 {
		return lineOf(fields)
	}
	return lineOf(fields.Values[0].Key)
}

// set takes one field.
func (c *Cluster) set(field, text string) error {
	if target := c.text(field); target != nil {
		*target = text
		return nil
	}
	switch field {
	case "address", "addresses":
		return c.addAddresses(text)
	case "tls.insecureSkipVerify":
		insecure, err := ParseBool(text)
		c.TLS.InsecureSkipVerify = insecure
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		return nil
	}
	return unknownField(field)
}

// text is the place of a field that takes any text; nil for others.
func (c *Cluster) text(field string) *string {
	return map[string]*string{
		"name":              &c.Name,
		"tls.caFile":        &c.TLS.CAFile,
		"tls.certFile":      &c.TLS.CertFile,
		"tls.keyFile":       &c.TLS.KeyFile,
		"tls.serverName":    &c.TLS.ServerName,
		"auth.username":     &c.Auth.Username,
		"auth.passwordFile": &c.Auth.PasswordFile,
		"auth.passwordEnv":  &c.Auth.PasswordEnv,
		"auth.tokenFile":    &c.Auth.TokenFile,
		"auth.tokenEnv":     &c.Auth.TokenEnv,
	}[field]
}

// clusterFields are all fields, for the message about an unknown one.
var clusterFields = []string{
	"name", "address", "addresses",
	"tls.caFile", "tls.certFile", "tls.keyFile", "tls.serverName", "tls.insecureSkipVerify",
	"auth.username", "auth.passwordFile", "auth.passwordEnv", "auth.tokenFile", "auth.tokenEnv",
}

func unknownField(field string) error {
	switch last := field[strings.LastIndex(field, ".")+1:]; strings.ToLower(last) {
	case "password", "passwd", "secret":
		return fmt.Errorf("%s: a password does not stand in the file: use auth.passwordFile or auth.passwordEnv", field)
	case "token", "bearertoken":
		return fmt.Errorf("%s: a token does not stand in the file: use auth.tokenFile or auth.tokenEnv", field)
	}
	best, _ := closest(field, clusterFields)
	return fmt.Errorf("unknown field %s; did you mean %s?", field, best)
}

func (c *Cluster) addAddresses(text string) error {
	addresses, err := ParseList(text)
	if err != nil {
		return fmt.Errorf("addresses: %w", err)
	}
	for _, a := range addresses {
		if err := checkAddress(a); err != nil {
			return err
		}
	}
	c.Addresses = append(c.Addresses, addresses...)
	return nil
}

// checkAddress refuses what carries a secret or names no host. The rest is for
// the client to judge.
func checkAddress(address string) error {
	if strings.Contains(address, "@") {
		return fmt.Errorf("address %s: no user and password in an address: use auth.username with auth.passwordFile or auth.passwordEnv",
			afterUserInfo(address))
	}
	if hostOf(address) == "" {
		return fmt.Errorf("address %q: want http(s)://host:port", address)
	}
	return nil
}

// afterUserInfo is the part of an address that may be shown.
func afterUserInfo(address string) string {
	return "…@" + address[strings.LastIndex(address, "@")+1:]
}

// hostOf is the host and port of an address with or without a scheme.
func hostOf(address string) string {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// complete fills the name in and refuses what does not fit together.
func (c *Cluster) complete(others []Cluster) error {
	if len(c.Addresses) == 0 {
		return errors.New("a cluster without a usable address: want address: http://host:port")
	}
	if c.Name == "" {
		c.Name = hostOf(c.Addresses[0])
	}
	if slices.ContainsFunc(others, func(o Cluster) bool { return o.Name == c.Name }) {
		return fmt.Errorf("two clusters are named %s", c.Name)
	}
	return c.Auth.check()
}

func (a ClusterAuth) check() error {
	password, token := oneOf(a.PasswordFile, a.PasswordEnv), oneOf(a.TokenFile, a.TokenEnv)
	switch {
	case password > 1:
		return errors.New("auth.passwordFile and auth.passwordEnv: want one of the two")
	case token > 1:
		return errors.New("auth.tokenFile and auth.tokenEnv: want one of the two")
	case token > 0 && (password > 0 || a.Username != ""):
		return errors.New("auth: want a user and a password, or a token, not both")
	case (password > 0) != (a.Username != ""):
		return errors.New("auth: username and passwordFile or passwordEnv belong together")
	}
	return nil
}

// oneOf counts the texts that are not empty.
func oneOf(texts ...string) int {
	n := 0
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

// secretVariables are the environment variables in which clusters keep secrets.
func secretVariables(clusters []Cluster) []string {
	var names []string
	for _, c := range clusters {
		names = append(names, c.Auth.PasswordEnv, c.Auth.TokenEnv)
	}
	return names
}
