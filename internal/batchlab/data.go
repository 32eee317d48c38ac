package batchlab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Tables are the files that the SQL jobs read: the same bytes wherever they are written.
//
// orders has 8 files of 12,000 rows, 4.5 MB in all, by 2,000 customers of whom one has 30%; refunds has 3 files of 6,000
// rows, spread evenly; customers has one file of 2,000 rows.
type Tables struct{ dir string }

// WriteTables writes the files below a folder.
func WriteTables(dir string) (Tables, error) {
	random := rand.New(rand.NewPCG(7, 11))
	sale := func(i, customer int) string {
		return fmt.Sprintf("%d,%d,%d,%.2f,%s", i, customer, random.IntN(300), random.Float64()*900, words(random, 2+random.IntN(3)))
	}
	order := func(i int) string {
		if random.Float64() < 0.3 {
			return sale(i, 42)
		}
		return sale(i, random.IntN(2000))
	}
	refund := func(i int) string { return sale(i, random.IntN(2000)) }
	customer := func(i int) string { return fmt.Sprintf("%d,%s,%s", i, regions[i%len(regions)], words(random, 2)) }
	return Tables{dir}, errors.Join(
		writeFiles(filepath.Join(dir, "orders"), 8, 12000, order),
		writeFiles(filepath.Join(dir, "refunds"), 3, 6000, refund),
		writeFiles(filepath.Join(dir, "customers"), 1, 2000, customer))
}

var regions = []string{"north", "south", "east", "west", "overseas"}

// words are n of eight letters, which hardly compress.
func words(random *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 8 {
			b.WriteByte(byte('a' + random.IntN(26)))
		}
	}
	return b.String()
}

func writeFiles(dir string, files, rows int, row func(int) string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for f := range files {
		var b strings.Builder
		for i := range rows {
			fmt.Fprintln(&b, row(f*rows+i))
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%d.csv", f)), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Statements are those that declare the tables, and a sink that takes what the last one selects.
func (t Tables) Statements(sink, query string) []string {
	table := func(name, columns string) string {
		return fmt.Sprintf("CREATE TABLE %s (%s) WITH ('connector'='filesystem', 'path'='file://%s', 'format'='csv')",
			name, columns, filepath.ToSlash(filepath.Join(t.dir, name)))
	}
	const order = "id BIGINT, customer INT, product INT, amount DOUBLE, note STRING"
	return []string{
		table("orders", order), table("refunds", order), table("customers", "customer INT, region STRING, name STRING"),
		fmt.Sprintf("CREATE TABLE sink (%s) WITH ('connector'='blackhole')", sink),
		"INSERT INTO sink " + query,
	}
}
