print "looping"
while true do pcall(error) end
