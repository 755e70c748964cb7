from mock_providers.cli import main

main()
