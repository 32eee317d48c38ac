package flink

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func containsText(err error, text string) bool {
	return err != nil && strings.Contains(err.Error(), text)
}

func TestAddressesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"localhost:8081":       "http://localhost:8081",
		" http://jm:8081/ ":    "http://jm:8081",
		"https://jm/flink/a/":  "https://jm/flink/a",
		"10.0.0.1:8081":        "http://10.0.0.1:8081",
		"[::1]:8081":           "http://[::1]:8081",
		"HTTP://jm:8081":       "http://jm:8081",
		"jobmanager":           "http://jobmanager",
		"http://jm:8081/a%20b": "http://jm:8081/a%20b",
	} {
		c, err := New(Config{Addresses: []string{text}})
		if err != nil || c.Address() != want {
			t.Errorf("%q is read as %v, %v; want %s", text, c, err, want)
		}
	}
}

func TestWrongAddressesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"ftp://jm:8081":         `address "ftp://jm:8081" has the scheme "ftp"; want http or https`,
		"":                      `address "" names no host`,
		"http://":               `address "http://" names no host`,
		"http://jm:port":        `address "http://jm:port" is not a URL`,
		"jm:99999":              `address "jm:99999": port 99999 is not between 1 and 65535`,
		"jm:0":                  `port 0 is not between 1 and 65535`,
		"jm:":                   `no port after the colon`,
		"http://jm:8081?x=1":    `has a query or fragment`,
		"http://jm:8081#/jobs":  `has a query or fragment`,
		"http://a:hunter2@jm":   `address with a user or password in it`,
		"a:hunter2@jm:8081":     `address with a user or password in it`,
		"http://a:hun%ter2@jm":  `address with a user or password in it`,
		"ftp://a:hunter2@jm:80": `address with a user or password in it`,
	} {
		_, err := New(Config{Addresses: []string{"http://good:8081", text}})
		if !containsText(err, want) {
			t.Errorf("%q: error is %v, want …%s…", text, err, want)
		}
		if containsText(err, "hunter2") || containsText(err, "hun%ter2") {
			t.Errorf("%q: the password shows: %v", text, err)
		}
	}
	if _, err := New(Config{}); !containsText(err, "no address given") {
		t.Errorf("no address: %v", err)
	}
}

func TestCredentialsThatDoNotFitAreRefused(t *testing.T) {
	for want, config := range map[string]Config{
		"both basic authentication and a bearer token": {BasicUser: "a", BasicPassword: "hunter2", BearerToken: "hunter2"},
		"a basic password without a basic user":        {BasicPassword: "hunter2"},
		"no header can carry":                          {BearerToken: "hun\r\nter2: x"},
	} {
		config.Addresses = []string{"jm"}
		_, err := New(config)
		if !containsText(err, want) || containsText(err, "ter2") {
			t.Errorf("error is %v, want …%s… without the secret", err, want)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	config := Config{Addresses: []string{"jm"}, BasicUser: "ann", BasicPassword: "hunter2"}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("secret", config.BasicPassword), slog.Any("config", config), slog.Any("client", client))
	shown := []string{string(encoded), log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, config), fmt.Sprintf(verb, config.BasicPassword), fmt.Sprintf(verb, client))
	}
	for _, text := range shown {
		for _, secret := range []string{"hunter2", "68756e74657232", "YW5uOmh1bnRlcjI"} {
			if strings.Contains(text, secret) {
				t.Errorf("the secret shows: %s", text)
			}
		}
	}
	if got := fmt.Sprintf("%s|%s", config.BasicPassword, Secret("")); got != "***|" {
		t.Errorf("printed as %s", got)
	}
}
