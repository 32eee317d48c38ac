// Package realdb starts real database servers for tests: PostgreSQL and MariaDB
// from the packages of the system, on a random port of the loopback interface,
// with their data in a temporary folder.
//
// [Postgres] and [MariaDB] give a server that all tests of a package share: each
// test takes a database of its own ([Server.NewDatabase]). A test that stops,
// kills or freezes a server starts one for itself ([NewPostgres], [NewMariaDB]).
// Servers end with the test binary, however that ends, and their folders are
// removed.
//
// What is committed survives [Server.Kill]; nothing would survive the loss of
// power, for the servers do not wait for the disk.
//
// Nothing here knows Sluice's own database code: that is what is tested with it.
package realdb
