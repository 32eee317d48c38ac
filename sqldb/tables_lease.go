package sqldb

// leaseTables are those of package lease/sqllease. Times are those of the
// database's own clock.
var leaseTables = []table{
	{
		name: "sluice_member",
		columns: []column{
			{name: "id", kind: "key"},
			{name: "name", kind: "text"},
			{name: "watches", kind: "text"},
			{name: "joined_at", kind: "bigint"},
			{name: "expires_at", kind: "bigint"},
		},
		primary: []string{"id"},
	},
	{
		name: "sluice_lease",
		columns: []column{
			{name: "cluster", kind: "key"},
			{name: "job_id", kind: "key"},
			{name: "owner", kind: "key"},
			{name: "epoch", kind: "bigint"},
			{name: "changed_at", kind: "bigint"},
			{name: "stray", kind: "text"},
		},
		primary: []string{"cluster", "job_id"},
	},
}
