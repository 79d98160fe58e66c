"""Tools that start what a project defines: rake, Capistrano, Procfiles, Gradle, Maven, composer, artisan, Nx."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.checking.test_kinds import check, last

ORDERS = """namespace :orders do
  desc "Again"
  task :requeue, [:hours] => :environment do |_t, args|
    Order.requeue(args[:hours])
  end

  task :export, %i[format month] do
    region = ENV.fetch("AREA", "eu")
  end

  task audit: :environment do
    abort unless $stdin.gets == "yes"
  end

  %w[a b].each do |name|
    task "index_#{name}" do
    end
  end
end
"""
RAILS = {
    "Rakefile": 'require_relative "config/application"\nRails.application.load_tasks\n',
    "lib/tasks/orders.rake": ORDERS,
    "lib/tasks/sitemap.rake": "namespace :sitemap do\n  task :all do\n  end\nend\n",
    "lib/capistrano/tasks/web.rake": "namespace :web do\n  task :reload do\n  end\nend\n",
    "bin/rails": "#!/usr/bin/env ruby\n",
    "Gemfile": 'gem "sitemap_generator"\n',
    "Capfile": 'require "capistrano/setup"\n',
    "config/deploy.rb": "",
    "config/deploy/production.rb": "",
    "Procfile": "web: bundle exec puma\nsidekiq: bundle exec sidekiq\n",
}
RAKE = {"Rakefile": 'require "rake/clean"\ntask :build do\nend\nnamespace :db do\n  task :dump do\n  end\nend\n'}
BUILT = {
    **RAKE,
    "Rakefile": RAKE["Rakefile"] + "file 'out/all.js' => 'a.js' do\nend\ndirectory 'pkg/deb'\n",
    "docs/a.md": "",
}
LOADED = {
    "Rakefile": "task :build do\nend\nDir['lib/tasks/*.rb'].each { |f| load f }\n",
    "lib/tasks/foo.rb": "task(:smoke) { }\n",
}
SPLAT = {"Rakefile": "task :build do\nend\n[[:a], [:b]].each do |each|\n  task(*each)\nend\n"}
LISTED = {"Rakefile": "task :build do\nend\n%i[smoke load].each { |t| task(t) { sh t.to_s } }\n"}
BRACED = {"Rakefile": "namespace(:db) {\n  task :dump do\n  end\n}\nnamespace :a do task(:b) { } end\n"}
FLAT = {"Rakefile": "namespace :db do\ntask :dump do\nend\ntask :load do\nend\nend\n"}
MINE = """plugins { java; id("org.springframework.boot") version "3.2.5" apply false }
tasks.register("replayDead") { val topic = providers.gradleProperty("queue") }
"""
GRADLE = {
    "settings.gradle.kts": 'rootProject.name = "x"\ninclude(":api", ":worker")\n',
    "build.gradle.kts": MINE,
    "api/build.gradle.kts": "plugins { java }\nval smokeTest by tasks.registering(Test::class) {\n}\n",
    "worker/build.gradle.kts": "plugins { application }\n",
    "worker/src/main/resources/application.yml": "server: {port: 1}\n",
    "worker/src/main/resources/application-replay.yml": "a: b\n",
    "gradlew": "#!/bin/sh\n",
}
SHARED = {
    "settings.gradle": "include 'services:api'\n",
    "build.gradle": "subprojects { tasks.register('smoke') }\n",
    "services/api/build.gradle": "plugins { id 'java' }\n",
    "gradlew": "#!/bin/sh\n",
}
PLUGGED = {**GRADLE, "api/build.gradle.kts": 'plugins { id("com.example.deploy") }\ntasks.register("smokeTest") {}\n'}
MAVEN = {
    "pom.xml": "<project><artifactId>all</artifactId><modules><module>billing</module></modules>"
    "<profiles><profile><id>live</id></profile></profiles></project>",
    "billing/pom.xml": "<project><parent><artifactId>all</artifactId></parent>"
    "<artifactId>acme-billing</artifactId></project>",
}
CLEAR = """<?php
class ClearQueue extends Command
{
    protected $signature = 'queue:drop {name : Which} {--force} {--L|limit=}';

    public function handle() {
        if (! $this->option('force') && ! $this->confirm('Sure?')) { return; }
    }
}
"""
PHP = {
    "composer.json": '{"scripts": {"smoke": "phpunit", "post-install-cmd": []}}',
    "artisan": "#!/usr/bin/env php\n",
    "app/Console/Commands/ClearQueue.php": CLEAR,
    "docker-compose.yml": "services:\n  app:\n    build: .\n",
}
NX = {
    "nx.json": "{}",
    "apps/api/project.json": '{"name": "api", "targets": {"serve": {"configurations": {"prod": {}}}}}',
    "libs/mail/package.json": '{"name": "@acme/mail", "scripts": {"drain": "node x.js"}}',
}
GUESSED = {**NX, "nx.json": '{"plugins": ["@nx/vite/plugin"]}'}
ODD_NX = {**NX, "nx.json": '{"plugins": true}'}
FOREIGN = {**NX, "nx.json": '{"plugins": ["@nx/gradle"]}'}

ANSIBLE = {
    "site.yml": "- hosts: all\n  roles:\n    - name: acme.web\n      become: true\n",
    "hosts.csv": "name,address\nweb-1,10.0.0.1\n",
    "hosts.ini": "[web]\nweb-1\n",
    "x.sh": "#!/bin/sh\ngo build\n",
}


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (RAILS, "bundle exec rake orders:requeue[24]", "matches", "rake task orders:requeue"),
        (RAILS, "bin/rails orders:index_a", "matches", "rake task orders:index_a"),
        (RAILS, "bundle exec rake orders:requeue[24,eu]", "ambiguous", "eu is ignored"),
        (RAILS, "rake 'orders:export[csv,2024-05]' AREA=us", "matches", "rake task orders:export"),
        (RAILS, "rake 'orders:export[2024-05,csv]'", "ambiguous", "in another order"),
        (RAILS, "rake orders:export REGION=us", "missing", "variable REGION for rake"),
        (RAILS, "bundle exec rake orders:audit", "ambiguous", "asks on a terminal"),
        (RAILS, "yes | bundle exec rake orders:audit", "matches", "rake task orders:audit"),
        (RAILS, "bin/rails orders:requeue_stuck", "ambiguous", "rake task orders:requeue_stuck"),
        (RAILS, "bin/rails sitemap:refresh", "not_checkable", "rake task sitemap:refresh"),
        (RAILS, "bin/rails db:migrate:status", "not_checkable", "rake task db:migrate:status"),
        (RAILS, "bin/rails runner 'puts 1'", "not_checkable", "command runner of rails"),
        (RAILS, "rake web:reload", "not_checkable", "rake task web:reload"),
        (RAKE, "rake db:dump", "matches", "rake task db:dump"),
        (RAKE, "rake db:load", "missing", "rake task db:load"),
        (RAKE, "rake clean", "matches", "rake task clean"),
        (RAKE, "rake clobber", "matches", "rake task clobber"),
        (RAKE, "rake clobbers", "missing", "rake task clobbers"),
        (BUILT, "rake out/all.js", "matches", "rake task out/all.js"),
        (BUILT, "rake pkg", "matches", "rake task pkg"),
        (BUILT, "rake pkg/rpm", "missing", "rake task pkg/rpm"),
        (BUILT, "rake docs", "ambiguous", "rake task docs"),
        (BUILT, "rake -r ./more.rb smoke", "not_checkable", ""),
        (LOADED, "rake smoke", "not_checkable", "rake task smoke"),
        (SPLAT, "rake a", "not_checkable", "rake task a"),
        (LISTED, "rake smoke", "not_checkable", "rake task smoke"),
        (BRACED, "rake db:dump", "not_checkable", "rake task db:dump"),
        (BRACED, "rake a:b", "not_checkable", "rake task a:b"),
        (FLAT, "rake db:load", "not_checkable", "rake task db:load"),
        (RAKE, "rake build DATABASE_URL=x SECRET_KEY_BASE=1 QUEUE=mail", "matches", "rake task build"),
        (RAKE, "rake build AREA=x", "missing", "variable AREA for rake"),
        (RAILS, "rake orders:requeue AREAS=x", "matches", "rake task orders:requeue"),
        (RAILS, "cap production web:reload", "matches", "stage production"),
        (RAILS, "bundle exec cap staging deploy", "missing", "stage staging"),
        (RAILS, "cap production web:restart", "ambiguous", "task web:restart"),
        (RAILS, "cap production deploy:rollback", "matches", "stage production"),
        (RAILS, "foreman start sidekiq", "matches", "process sidekiq"),
        (RAILS, "foreman start worker", "missing", "process worker"),
        (RAILS, "foreman start all", "not_checkable", ""),
        (RAILS, "overmind restart web.2", "matches", "process web"),
        (RAILS, "heroku ps:scale clock=1 -a billing-app", "not_checkable", "process clock"),
        ({**RAILS, "heroku.yml": "run:\n  clock: x\n"}, "heroku ps:scale clock=1", "not_checkable", "process clock"),
        (RAILS, "heroku ps:scale clock=1", "missing", "process clock"),
        (GRADLE, "./gradlew :api:smokeTest", "matches", "gradle task :api:smokeTest"),
        (GRADLE, "./gradlew :api:quickCheck", "missing", "gradle task :api:quickCheck"),
        (GRADLE, "./gradlew :worker:smokeTest", "missing", "gradle task :worker:smokeTest"),
        (GRADLE, "./gradlew :web:smokeTest", "missing", "gradle project web"),
        (GRADLE, "./gradlew sT", "not_checkable", "gradle task sT"),
        (GRADLE, "./gradlew clean bootJar", "not_checkable", "gradle task clean"),
        (GRADLE, "./gradlew replayDead -Pqueue=a", "matches", "property queue"),
        (GRADLE, "./gradlew replayDead -Ptopic=a", "missing", "property topic"),
        (SHARED, "./gradlew -p services/api smoke", "matches", "gradle task smoke"),
        (SHARED, "cd services/api && ../../gradlew smoke", "matches", "gradle task smoke"),
        (SHARED, "./gradlew -p services/api smokes", "missing", "gradle task smokes"),
        (PLUGGED, "./gradlew :api:deployNow", "matches", "gradle project api"),
        (PLUGGED, "./gradlew :api:smokeTests", "ambiguous", "gradle task :api:smokeTests"),
        (GRADLE, "./gradlew :worker:run --args='--spring.profiles.active=replay'", "matches", "profile replay"),
        (GRADLE, "./gradlew :worker:run --args='--spring.profiles.active=again'", "ambiguous", "profile again"),
        (MAVEN, "mvn -pl billing -am -Plive verify", "matches", "module billing"),
        (MAVEN, "mvn -pl :acme-billing verify", "matches", "module :acme-billing"),
        (MAVEN, "mvn -pl ledger verify", "missing", "module ledger"),
        (MAVEN, "mvn verify -P prod", "ambiguous", "Maven profile prod"),
        (MAVEN, "mvn -pl . test", "matches", "module ."),
        (MAVEN, "mvn -pl ./billing/ test", "matches", "module ./billing/"),
        (MAVEN, "mvn -pl billing/pom.xml test", "matches", "module billing/pom.xml"),
        (MAVEN, "mvn -pl ../web test", "not_checkable", "module ../web"),
        (PHP, "composer run-script smoke", "matches", "composer script smoke"),
        (PHP, "composer run-script smokes", "missing", "composer script smokes"),
        (PHP, "composer smoked", "ambiguous", "composer script smoked"),
        (PHP, "composer dump-autoload -o", "not_checkable", ""),
        (PHP, "php artisan queue:drop mail --force --limit=5", "matches", "command queue:drop"),
        (PHP, "docker compose exec app php artisan queue:drop mail", "ambiguous", "asks on a terminal"),
        (PHP, "php artisan queue:drop --force", "missing", ": name"),
        (PHP, "php artisan queue:drop mail --all --force", "missing", "flag --all"),
        (PHP, "php artisan queue:drops mail", "ambiguous", "command queue:drops"),
        (PHP, "php artisan queue:restart", "not_checkable", "command queue:restart"),
        (ANSIBLE, "ansible-playbook -i hosts.ini site.yml -t reload", "matches", "file site.yml"),
        (ANSIBLE, "ansible -i hosts.csv web-1 -m ping", "matches", "inventory hosts.csv"),
        (ANSIBLE, "CGO_ENABLED=0 BUILDKIT_PROGRESS=plain ./x.sh", "matches", "script ./x.sh"),
        (NX, "nx run api:serve:prod", "matches", "configuration prod"),
        (NX, "nx run api:serve:live", "missing", "configuration live"),
        (NX, "npx nx drain mail", "matches", "nx target drain"),
        (NX, "pnpm nx run web:serve", "missing", "nx project web"),
        (NX, "nx run-many -t drained -p api,@acme/mail", "missing", "nx target drained"),
        (GUESSED, "nx run api:drain", "matches", "nx project api"),
        (GUESSED, "nx run api:server", "ambiguous", "nx target server"),
        (NX, "nx affected:serve --base=main", "matches", "nx target serve"),
        (NX, "nx affected:test", "missing", "nx target test"),
        (NX, "nx affected:libs", "not_checkable", ""),
        (ODD_NX, "nx run api:test", "matches", "nx project api"),
        (FOREIGN, "nx serve web", "not_checkable", "nx project web"),
    ],
)  # fmt: skip
def test_a_tool_that_starts_tasks_is_asked_for_them(
    files: Mapping[str, str], fence: str, verdict: str, what: str
) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings
