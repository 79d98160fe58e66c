package cmd

import "github.com/spf13/cobra"

func newQueryCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "query", Aliases: []string{"q"}}
	market := &cobra.Command{Use: "market"}
	market.AddCommand(ordersCmd(), bidsCmd())
	cmd.AddCommand(market, scoreCmd)
	return cmd
}

func ordersCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "orders"}
	cmd.Flags().StringP("state", "s", "", "state of the order")
	cmd.Flags().Int("limit", 10, "how many")
	return cmd
}

func bidsCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "bids [order]"}
	cmd.Flags().Int("limit", 10, "how many")
	return cmd
}

var scoreCmd = &cobra.Command{
	Use:   "score",
	Short: "pending scores",
}
