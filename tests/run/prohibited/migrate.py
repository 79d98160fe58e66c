"""What orders not to migrate a database mean."""

from __future__ import annotations

from .kind import Kind

MIGRATE = Kind(
    orders=("Do not run migrations", "Never run database migrations", "No migrations during the incident"),
    refused=(
        "alembic upgrade head",
        "python manage.py migrate",
        "npx prisma migrate deploy",
        "bundle exec rake db:migrate",
        "rails db:migrate",
        "php artisan migrate --force",
        "flyway migrate",
        "liquibase update",
        "npx knex migrate:latest",
        "goose up",
        "psql -c 'ALTER TABLE x ADD y int'",
        "kubectl exec web -- python manage.py migrate",
        "./migrate.sh",
    ),
    free=(
        "alembic current",
        "flyway info",
        "psql -c 'SELECT * FROM schema_migrations'",
        "docker restart web",
        "docker logs migrator",
        "git log -- migrations",
        "ls migrations",
        "systemctl stop web",
        "grep migrate /var/log/app.log",
        "kubectl get jobs",
        "docker compose ps",
    ),
)
