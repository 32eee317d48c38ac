package sqllease_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/sqllease"
)

// BenchmarkKeep is what a process does three times in each lease time with 1,000
// jobs, what it does before a write, and how the jobs of a dead process are taken.
func BenchmarkKeep(b *testing.B) {
	for _, store := range []struct {
		name string
		url  func() string
	}{
		{"SQLite", func() string { return "sqlite:" + filepath.Join(b.TempDir(), "sluice.db") }},
		{"PostgreSQL", func() string { return realdb.Postgres(b).NewDatabase(b) }},
		{"MariaDB", func() string { return realdb.MariaDB(b).NewDatabase(b) }},
	} {
		b.Run(store.name, func(b *testing.B) { keep(b, sqllease.New(open(b, store.url()))) })
	}
}

func keep(b *testing.B, s *sqllease.Store) {
	ctx := b.Context()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	var all []lease.Lease
	for i := range 1000 {
		all = append(all, lease.Lease{Key: autoscaler.JobKey{Job: flink.JobID(fmt.Sprintf("%032x", i))}})
	}
	must(s.Join(ctx, lease.Member{ID: "a", Name: "a"}, time.Hour))
	must(s.Take(ctx, "a", all))
	b.Run("renew", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Renew(ctx, "a", nil, time.Hour)
			must(err)
		}
	})
	b.Run("view", func(b *testing.B) {
		for b.Loop() {
			_, err := s.View(ctx)
			must(err)
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Check(ctx, all[500].Key)
			must(err)
		}
	})
	b.Run("take", func(b *testing.B) {
		for b.Loop() {
			v, err := s.View(ctx)
			must(err)
			must(s.Take(ctx, "b", v.Leases))
			v, err = s.View(ctx)
			must(err)
			must(s.Take(ctx, "a", v.Leases))
		}
	})
}
