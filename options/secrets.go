package options

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Credentials are the secrets of one cluster. They never print.
type Credentials struct {
	Username, Password, Token string
}

// String shows whether there is something, not what.
func (c Credentials) String() string {
	if c == (Credentials{}) {
		return "none"
	}
	return masked
}

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// LogValue is String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is String.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Credentials reads the secrets that a names, with the given ways to read a
// file and to look up an environment variable. White space around a secret is
// cut; an empty or missing one is an error.
func (a ClusterAuth) Credentials(readFile func(string) ([]byte, error), lookupEnv func(string) (string, bool)) (Credentials, error) {
	password, err := readSecret("password", a.PasswordFile, a.PasswordEnv, readFile, lookupEnv)
	if err != nil {
		return Credentials{}, err
	}
	token, err := readSecret("token", a.TokenFile, a.TokenEnv, readFile, lookupEnv)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{Username: a.Username, Password: password, Token: token}, nil
}

func readSecret(what, file, variable string, readFile func(string) ([]byte, error), lookupEnv func(string) (string, bool)) (string, error) {
	text, place := "", ""
	switch {
	case file != "":
		contents, err := readFile(file)
		if err != nil {
			return "", fmt.Errorf("read %s file: %w", what, err)
		}
		text, place = string(contents), "file "+file
	case variable != "":
		text, _ = lookupEnv(variable)
		place = "environment variable " + variable
	default:
		return "", nil
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("read %s from %s: %w", what, place, errEmptySecret)
	}
	return text, nil
}

var errEmptySecret = errors.New("it is not set or empty")
