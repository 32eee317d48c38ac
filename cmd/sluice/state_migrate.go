package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

func newStateMigrate() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the tables of a database up to date",
		Long: "Migrate makes the tables that are missing and changes those of an older version. sluice run and sluice state import do so too when they start; with migrate it can be done beforehand, by a user who has the right to.\n" +
			"The tables of Flink's Java autoscaler are made as well where they are missing, and left as they are where they are not.",
		Example: "  sluice state migrate --store postgres://owner@db/sluice\n  sluice state migrate --data /var/lib/sluice",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.migrate(cmd) },
	}
	f.register(cmd)
	return cmd
}

func (f *stateFlags) migrate(cmd *cobra.Command) (err error) {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return err
	}
	t, err := f.named(cfg)
	if err != nil {
		return err
	}
	db, err := connect.OpenAsIs(cmd.Context(), *t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	before, err := db.Version(cmd.Context())
	if err != nil {
		return err
	}
	if err := working(cmd, "making tables", db.Migrate); err != nil {
		return err
	}
	text := fmt.Sprintf("its tables are of version %d already", before)
	if before != sqldb.SchemaVersion {
		text = fmt.Sprintf("made version %d of its tables", sqldb.SchemaVersion)
		if before > 0 {
			text += fmt.Sprintf(" out of version %d", before)
		}
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", db.Place(), text)
	return err
}
