package sqldb

// referenceStateTable is the reference's table of states, as its users make it.
// One that is there is left as it is.
func referenceStateTable(d Dialect) []string {
	const table, unique = "t_flink_autoscaler_state_store", "un_job_state_type_inx"
	columns := func(id, moment, key, kind, value string) string {
		return "CREATE TABLE IF NOT EXISTS " + table + " (id " + id + ", update_time " + moment + " NOT NULL" +
			", job_key " + key + " NOT NULL, state_type " + kind + " NOT NULL, state_value " + value + " NOT NULL"
	}
	switch d {
	case MySQL:
		return []string{columns("BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "DATETIME", "VARCHAR(191)", "VARCHAR(100)", "LONGTEXT") +
			", UNIQUE KEY " + unique + " (job_key, state_type)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"}
	case Postgres:
		return []string{columns("BIGSERIAL PRIMARY KEY", "TIMESTAMP", "TEXT", "TEXT", "TEXT") + ", UNIQUE (job_key, state_type))"}
	}
	return []string{ // the reference has none there: times are text that sorts
		columns("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", "TEXT", "TEXT", "TEXT") + ")",
		"CREATE UNIQUE INDEX IF NOT EXISTS " + unique + " ON " + table + " (job_key, state_type)",
	}
}

// extraTables are those of package state/reference: what stands beside the rows
// of the reference's table.
var extraTables = []table{{
	name: "sluice_reference_extra",
	columns: []column{
		{name: "job_key", kind: "key"},
		{name: "version", kind: "bigint"},
		{name: "writer", kind: "key"},
		{name: "value", kind: "text"},
		{name: "updated_at", kind: "bigint"},
	},
	primary: []string{"job_key"},
}}
