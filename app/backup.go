package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gatepost/app/config"
	"gatepost/store/sqlite"
)

func newBackupCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "backup FILE",
		GroupID: groupNode,
		Short:   "Write what a node's data directory keeps into a new file",
		Long: `Write all that the store in GATEPOST_DATA_DIR keeps into a new file, as of one moment,
whether the node runs or not. A copy of the directory's files is no backup while the
node runs: they change while they are copied.

To go back to a backup stop the node, remove store/gatepost.db, -wal and -shm from its
data directory, and put the file there as store/gatepost.db.`,
		Example: `  gatepost backup /backups/gatepost-$(date +%F).db`,
		Args:    cobra.ExactArgs(1),
	}
	dir := cmd.Flags().String("data-dir", "", "the node's `folder` instead of GATEPOST_DATA_DIR")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *dir == "" {
			cfg, err := sh.settings("GATEPOST_DATA_DIR")
			if err != nil {
				return err
			}
			*dir = cfg.DataDir
		}
		if *dir == config.InMemory {
			return wrongUsage("GATEPOST_DATA_DIR is memory, which keeps nothing")
		}
		if err := sqlite.Backup(filepath.Join(*dir, storeDir), args[0]); err != nil {
			return err
		}
		info, err := os.Stat(args[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes\n", args[0], info.Size())
		return err
	}
	return cmd
}
