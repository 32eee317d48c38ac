package sqldb

// tablesOfVersion1 are all tables of version 1 of the schema. Times are in ms
// since 1970 UTC unless the column says otherwise.
func tablesOfVersion1(d Dialect) []string {
	var statements []string
	for _, tables := range [...][]table{schemaTables, stateTables, leaseTables, eventTables, extraTables, holdTables} {
		for i := range tables {
			statements = append(statements, tables[i].create(d)...)
		}
	}
	statements = append(statements, referenceStateTable(d)...)
	return append(statements, referenceEventTable(d)...)
}

var schemaTables = []table{{
	name:    "sluice_schema",
	columns: []column{{name: "version", kind: "bigint"}, {name: "applied_at", kind: "bigint"}},
	primary: []string{"version"},
}}

// stateTables are those of package state/sqlstate.
var stateTables = []table{
	{
		name: "sluice_job",
		columns: []column{
			{name: "cluster", kind: "key"},
			{name: "job_id", kind: "key"},
			{name: "version", kind: "bigint"},
			{name: "writer", kind: "key"},
			{name: "updated_at", kind: "bigint"},
		},
		primary: []string{"cluster", "job_id"},
	},
	{
		name: "sluice_part",
		columns: []column{
			{name: "cluster", kind: "key"},
			{name: "job_id", kind: "key"},
			{name: "part", kind: "key"},
			{name: "value", kind: "bytes"},
		},
		primary: []string{"cluster", "job_id", "part"},
	},
	{
		name: "sluice_sample",
		columns: []column{
			{name: "cluster", kind: "key"},
			{name: "job_id", kind: "key"},
			{name: "seq", kind: "bigint"},
			{name: "taken_at", kind: "bigint"},
			{name: "value", kind: "bytes"},
		},
		primary: []string{"cluster", "job_id", "seq"},
	},
	{
		name: "sluice_set_aside",
		columns: []column{
			{name: "id", kind: "id"},
			{name: "cluster", kind: "key"},
			{name: "job_id", kind: "key"},
			{name: "part", kind: "key"},
			{name: "value", kind: "bytes"},
			{name: "reason", kind: "text"},
			{name: "set_aside_at", kind: "bigint"},
		},
		indexes: []index{{name: "sluice_set_aside_job", columns: []string{"cluster", "job_id"}}},
	},
}
