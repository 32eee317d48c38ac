// Package sqldb is what everything that Sluice keeps in a SQL database shares:
// three dialects behind one way to write statements, deadlines, transactions
// that are tried again, errors that name the place and what to do, and the
// schema with its versions (schema.go, tables.go).
//
// No driver is imported here: each has a package of its own below this one, so
// that who uses one compiles no other. What the tables mean is known to the
// packages that read and write them, not to this one.
//
// Start with [DB] and [DB.InTx].
package sqldb
