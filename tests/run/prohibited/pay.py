"""What orders to pay nobody mean."""

from __future__ import annotations

from .kind import Kind

PAY = Kind(
    orders=(
        "Do not pay the ransom",
        "Never transfer funds",
        "Do not process new refunds or withdrawals",
        "Never send money",
    ),
    refused=(
        "bitcoin-cli sendtoaddress bc1x 0.5",
        "bitcoin-cli sendmany '' '{}'",
        "monero-wallet-cli --command transfer 4x 1",
        "cast send 0x1 --value 1ether",
        "solana transfer x 1",
        "gaiad tx bank send a b 1atom",
        'curl -d \'{"jsonrpc":"2.0","method":"transfer"}\' http://localhost:18082/json_rpc',
        'curl -d \'{"method":"eth_sendTransaction"}\' http://localhost:8545',
        "./scripts/process-withdrawals.sh",
        "npm run payout",
        "stripe refunds create --charge x",
        "lncli payinvoice x",
    ),
    free=(
        "bitcoin-cli getbalance",
        "gaiad query bank balances x",
        'curl -d \'{"jsonrpc":"2.0","method":"get_balance"}\' http://localhost:18082/json_rpc',
        "psql -c 'SELECT * FROM refunds'",
        "docker restart web",
        "docker compose stop server",
        "systemctl stop wallet",
        "grep transfer /var/log/app.log",
        "cast balance 0x1",
        "lncli walletbalance",
    ),
)
