// Command testreport reads what `go test -json` says and makes it readable: the
// ordinary lines while the tests run, then counts, the slowest tests and, for a
// full run, the page docs/measured/test-full.md. show also judges: it exits 1
// where a test failed or none ran. The command starts no tests itself; scripts/test does.
//
//	go test -json ./... | testreport show [-each] [-save FILE]
//	testreport count FILE...
//	testreport page [-stages FILE] [-build LINE] FILE...
package main
