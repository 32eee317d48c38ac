package dashboard

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/dashboard/fleet"
)

// selfSigned writes a certificate for 127.0.0.1 and its key into a folder.
func selfSigned(t *testing.T, folder string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "sluice test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	writePEM(t, certFile, "CERTIFICATE", certificate)
	writePEM(t, keyFile, "PRIVATE KEY", encoded)
	return certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, body []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// trusting is a client that knows the certificate of a file, and makes each
// connection anew.
func trusting(t *testing.T, certFile string, h2 bool) *http.Client {
	t.Helper()
	text, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: h2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func TestThePageIsServedOverTLS(t *testing.T) {
	certFile, keyFile := selfSigned(t, t.TempDir(), 1)
	secure, err := TLS(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	book := fleet.NewBook(func() time.Time { return began })
	d := newDashboard(t, Config{Book: book, Access: tokens})
	liveAt(t, l, secure, d)
	for _, h2 := range []bool{true, false} {
		t.Run(fmt.Sprintf("HTTP/2 %t", h2), func(t *testing.T) {
			client := trusting(t, certFile, h2)
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			response, err := client.Post("https://"+l.Addr().String()+"/login", "application/x-www-form-urlencoded", strings.NewReader("token="+viewerToken))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if (response.ProtoMajor == 2) != h2 {
				t.Errorf("spoken is %s", response.Proto)
			}
			if all := response.Cookies(); len(all) != 1 || !all[0].Secure {
				t.Errorf("the session is %v; want one that is sent over TLS alone", all)
			}
			hearOver(t, client, "https://"+l.Addr().String(), book, "over TLS")
		})
	}
	if _, err := http.Get("https://" + l.Addr().String()); err == nil {
		t.Error("a client that does not know the certificate was served")
	}
}

// hearOver opens an event stream and waits for a word that is told then.
func hearOver(t *testing.T, client *http.Client, url string, book *fleet.Book, word string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/events/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+viewerToken)
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	tellBook(t, book, word)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), word) {
			return
		}
	}
	t.Errorf("%q was not heard over %s", word, response.Proto)
}

// Many streams go over one connection of HTTP/2; those that nobody reads do not keep
// the others of it from being served.
func TestStreamsOverOneConnectionLeaveRoomForOthers(t *testing.T) {
	certFile, keyFile := selfSigned(t, t.TempDir(), 1)
	secure, err := TLS(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	book := fleet.NewBook(func() time.Time { return began })
	d := newDashboard(t, Config{Book: book, Access: tokens})
	liveAt(t, l, secure, d)
	client := trusting(t, certFile, true)
	for i := range 20 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.Addr().String()+"/api/v1/events/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+viewerToken)
		response, err := client.Do(r)
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		t.Cleanup(func() { _ = response.Body.Close() }) // and is not read before
	}
	for i := range 60 {
		tellBook(t, book, fmt.Sprint("word ", i, strings.Repeat(" and more", 800)))
	}
	hearOver(t, client, "https://"+l.Addr().String(), book, "the last word")
}

func TestACertificateIsRenewedWithoutARestart(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := selfSigned(t, folder, 1)
	var log bytes.Buffer
	secure, err := TLS(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		pair, err := secure.GetCertificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("the certificate is number %d", n)
	}
	if err := os.WriteFile(certFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, b := serial(), serial(); a != 1 || b != 1 {
		t.Errorf("while the files do not fit: numbers %d, %d", a, b)
	}
	if n := strings.Count(log.String(), "not renewed"); n != 1 {
		t.Errorf("that was logged %d times: %s", n, &log)
	}
	selfSigned(t, folder, 2)
	if n := serial(); n != 2 {
		t.Errorf("after the files were renewed: number %d", n)
	}
	if _, err := TLS(certFile, filepath.Join(folder, "none"), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("without a key: %v", err)
	}
}
