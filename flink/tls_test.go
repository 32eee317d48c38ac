package flink

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a CA made for one test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	folder      string
	caFile      string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t), folder: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err == nil {
		a.certificate, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.caFile = a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

// issue signs a certificate for 127.0.0.1 and returns its files.
func (a *authority) issue(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return a.write(t, name+".pem", "CERTIFICATE", der), a.write(t, name+".key", "PRIVATE KEY", private)
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(a.folder, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func startTLS(t *testing.T, ca *authority) *httptest.Server {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(ca.issue(t, "jm.test"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca.certificate)
	server := httptest.NewUnstartedServer(answer(overviewBody))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestTLSWithOwnAuthorityAndClientCertificate(t *testing.T) {
	ca := newAuthority(t)
	server := startTLS(t, ca)
	certFile, keyFile := ca.issue(t, "client.test")
	otherCert, otherKey := newAuthority(t).issue(t, "stranger.test")
	full := TLSConfig{CAFile: ca.caFile, CertFile: certFile, KeyFile: keyFile}

	with := func(change func(*TLSConfig)) TLSConfig { c := full; change(&c); return c }
	tests := map[string]struct {
		tls     TLSConfig
		kind    Kind // KindOther: it works
		message string
	}{
		"all of it":             {tls: full},
		"a name to expect":      {tls: with(func(c *TLSConfig) { c.ServerName = "jm.test" })},
		"another name":          {with(func(c *TLSConfig) { c.ServerName = "other.test" }), KindUnreachable, "x509: certificate is valid for jm.test, not other.test"},
		"unknown authority":     {with(func(c *TLSConfig) { c.CAFile = "" }), KindUnreachable, "x509: "},
		"no verification":       {tls: with(func(c *TLSConfig) { c.CAFile, c.InsecureSkipVerify = "", true })},
		"no client certificate": {with(func(c *TLSConfig) { c.CertFile, c.KeyFile = "", "" }), KindUnauthorized, "the client certificate is missing or not accepted"},
		"foreign certificate":   {with(func(c *TLSConfig) { c.CertFile, c.KeyFile = otherCert, otherKey }), KindUnauthorized, "the client certificate is missing or not accepted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, Config{Addresses: []string{server.URL}, TLS: test.tls}).Overview(context.Background())
			if test.kind == KindOther {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, test.kind, test.message)
		})
	}
}

func TestTheWrongSchemeIsSaid(t *testing.T) {
	plain := serve(t, answer(overviewBody))
	_, err := newClient(t, Config{Addresses: []string{"https" + plain.URL[4:]}}).Overview(context.Background())
	wantError(t, err, KindUnreachable, "it speaks http, not https")

	secured := httptest.NewUnstartedServer(http.NotFoundHandler())
	secured.Config.ErrorLog = log.New(io.Discard, "", 0)
	secured.StartTLS()
	defer secured.Close()
	_, err = newClient(t, Config{Addresses: []string{"http" + secured.URL[5:]}}).Overview(context.Background())
	wantError(t, err, KindMalformed, "Client sent an HTTP request to an HTTPS server.")
}

func TestTLSFilesAreChecked(t *testing.T) {
	ca := newAuthority(t)
	certFile, keyFile := ca.issue(t, "client.test")
	for name, test := range map[string]struct {
		tls  TLSConfig
		want string
	}{
		"no such CA file":    {TLSConfig{CAFile: "nowhere.pem"}, "flink: read CA file: open nowhere.pem"},
		"CA file of a key":   {TLSConfig{CAFile: keyFile}, "holds no certificate in PEM form"},
		"no key":             {TLSConfig{CertFile: certFile}, "needs both a certificate file and a key file"},
		"key of another":     {TLSConfig{CertFile: ca.caFile, KeyFile: keyFile}, "flink: load client certificate: "},
		"certificate as key": {TLSConfig{CertFile: certFile, KeyFile: certFile}, "flink: load client certificate: "},
	} {
		_, err := New(Config{Addresses: []string{"https://jm"}, TLS: test.tls})
		if !containsText(err, test.want) {
			t.Errorf("%s: error is %v, want …%s…", name, err, test.want)
		}
	}
}
