package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-project/sluice/options"
)

// processFlags are the flags of every command that speaks to clusters.
type processFlags struct {
	clusters  []string
	host      string
	port      string
	file      string
	settings  []string
	logLevel  string
	logFormat string
}

// The flags that name a cluster as the reference does.
const (
	hostFlag = "flinkClusterHost"
	portFlag = "flinkClusterPort"
)

func (f *processFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.clusters, "flink", nil, "REST `URL` of a cluster, such as http://jobmanager:8081; repeat it for more clusters, separate the JobManagers of one cluster by commas")
	flags.StringVar(&f.host, hostFlag, "", "`host` of the cluster, as in Flink's standalone autoscaler")
	flags.StringVar(&f.port, portFlag, "", "REST `port` of the cluster, as in Flink's standalone autoscaler")
	flags.StringVarP(&f.file, "config", "c", "", "configuration `file` (YAML)")
	flags.StringArrayVarP(&f.settings, "define", "D", nil, "set an option, `key=value`; repeatable (see sluice options)")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
}

// process is what the flags, the file and the environment say together.
type process struct {
	config   options.Config
	clusters []options.Cluster
	log      *slog.Logger
}

func (f *processFlags) load(cmd *cobra.Command) (*process, error) {
	log, err := f.logger(cmd)
	if err != nil {
		return nil, &usageError{err}
	}
	cfg, warnings, err := f.configuration()
	if err != nil {
		return nil, &usageError{err}
	}
	clusters, err := f.watched(cfg)
	if err != nil {
		return nil, &usageError{err}
	}
	for _, w := range warnings {
		log.LogAttrs(cmd.Context(), slog.LevelWarn, "configuration", slog.String("warning", w.String()))
	}
	return &process{cfg, clusters, log}, nil
}

func (f *processFlags) logger(cmd *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level %q: want debug, info, warn or error", f.logLevel)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), opts)), nil
	}
	return nil, fmt.Errorf("--log-format %q: want text or json", f.logFormat)
}

func (f *processFlags) configuration() (options.Config, []options.Warning, error) {
	in := options.LoadInput{File: f.file, Environ: os.Environ()}
	if f.file != "" {
		contents, err := os.ReadFile(f.file)
		if err != nil {
			return options.Config{}, nil, fmt.Errorf("--config: %w", err)
		}
		in.FileContents = contents
	}
	for _, text := range f.settings {
		kv, err := options.ParseFlag(text)
		if err != nil {
			return options.Config{}, nil, err
		}
		in.Flags = append(in.Flags, kv)
	}
	if f.host != "" {
		in.Flags = append(in.Flags, options.KeyValue{Key: options.FlinkClusterHost.Key, Value: f.host})
	}
	if f.port != "" {
		in.Flags = append(in.Flags, options.KeyValue{Key: options.FlinkClusterPort.Key, Value: f.port})
	}
	return options.Load(in)
}

// watched lists the clusters of the flags or, without any, of the configuration.
func (f *processFlags) watched(cfg options.Config) ([]options.Cluster, error) {
	if len(f.clusters) == 0 {
		return options.Clusters(cfg)
	}
	if namedByOption(cfg) {
		return nil, errors.New("--flink and --flinkClusterHost or --flinkClusterPort name the cluster twice: give one of them")
	}
	clusters := make([]options.Cluster, 0, len(f.clusters))
	for _, text := range f.clusters {
		c, err := clusterOf(text)
		if err != nil {
			return nil, err
		}
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// namedByOption tells whether the command line names a cluster by the
// reference's options, whatever they were written as.
func namedByOption(cfg options.Config) bool {
	host, _ := options.Explicit(cfg, options.FlinkClusterHost)
	port, _ := options.Explicit(cfg, options.FlinkClusterPort)
	return host.Kind == options.FromFlag || port.Kind == options.FromFlag
}

// clusterOf reads one --flink. An address with a password in it is not quoted.
func clusterOf(text string) (options.Cluster, error) {
	if strings.Contains(text, "@") {
		return options.Cluster{}, errors.New("--flink: no user and password in an address: " +
			"name the cluster in a --config file, with auth.username and auth.passwordFile or auth.passwordEnv")
	}
	addresses := strings.Split(text, ",")
	for i := range addresses {
		addresses[i] = strings.TrimSpace(addresses[i])
		if addresses[i] == "" {
			return options.Cluster{}, fmt.Errorf("--flink %q: want a URL, such as http://jobmanager:8081", text)
		}
	}
	return options.Cluster{Name: addresses[0], Addresses: addresses, Source: options.Source{Kind: options.FromFlag}}, nil
}
