// Package reference keeps the state of jobs as Flink's Java autoscaler does in
// its JDBC store: its table t_flink_autoscaler_state_store, with its names, keys
// and encodings (spec section 7). Rows that Java wrote are read as they are, and
// Java reads back what is written here.
//
// [Encode] and [Decode] turn a state into the texts of those rows and back; they
// know nothing of a database. [Store] is the state store on the tables. What
// Sluice remembers beyond the reference (bounds, the act under way, counters)
// stands in a table of its own, sluice_reference_extra, since Java fails on a
// row of a type that it does not know. It is joined to the rows by job, vertex
// and time: where Java has changed or removed a row, the row counts.
//
// What must not live here: Sluice's own tables, and drivers.
//
// Start with item.go, then store.go.
package reference
