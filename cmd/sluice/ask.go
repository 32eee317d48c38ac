package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/internal/build"
)

// The environment variables that stand in for the flags.
const (
	serverVariable = "SLUICE_SERVER"
	tokenVariable  = "SLUICE_TOKEN"
)

// askFlags say which running Sluice to ask.
type askFlags struct {
	server, tokenFile string
}

func (f *askFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.server, "server", "", "address of a running Sluice, `URL`: where sluice run --listen serves its page (default $"+serverVariable+")")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "`file` with the token to show to it (default $"+tokenVariable+", the token itself)")
}

// named tells whether a server is named, by flag or environment.
func (f *askFlags) named() bool { return f.server != "" || os.Getenv(serverVariable) != "" }

// known are the jobs of the server, for a shell to offer.
func (f *askFlags) known(cmd *cobra.Command) ([]apiclient.Job, error) {
	client, err := f.client()
	if err != nil {
		return nil, err
	}
	jobs, _, err := client.Jobs(cmd.Context())
	return jobs, err
}

func (f *askFlags) client() (*apiclient.Client, error) {
	server, token := f.server, os.Getenv(tokenVariable)
	if server == "" {
		server = os.Getenv(serverVariable)
	}
	if server == "" {
		return nil, &usageError{errors.New("--server is missing: name the running Sluice to ask, such as --server http://127.0.0.1:8090 (sluice run --listen serves it), or set " + serverVariable)}
	}
	if f.tokenFile != "" {
		text, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--token-file: %w", err)}
		}
		token = strings.TrimSpace(string(text))
	}
	client, err := apiclient.New(apiclient.Config{Server: server, Token: token, TokenBy: "give the token by --token-file FILE or " + tokenVariable, UserAgent: "sluice/" + build.String()})
	if err != nil {
		return nil, &usageError{fmt.Errorf("--server: %w", err)}
	}
	return client, nil
}
